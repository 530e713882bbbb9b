package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Rule is a fault of the disk: which operations it meets, and what it does to them.
type Rule struct {
	Under      string   `json:"under"`      // prefix of the path below the mount point: "data/pg_wal/"
	Operations []string `json:"operations"` // read, write, extend, fsync, create, remove, rename, truncate
	Error      string   `json:"error"`      // EIO, ENOSPC, EROFS; none: the operation goes on
	Times      int      `json:"times"`      // how often it strikes; 0: every time
	AfterBytes int64    `json:"afterBytes"` // bytes that go through first
	DelayMs    int      `json:"delayMs"`
	Stall      bool     `json:"stall"` // held until the rule is taken away
	Flip       bool     `json:"flip"`  // one bit of what is read is another one, the same each time
	Short      bool     `json:"short"` // at most half of what is asked for is read
}

type activeRule struct {
	Rule
	passed int64
	hits   int
	gone   chan struct{}
}

// effect is what the rules do to one operation.
type effect struct {
	errno syscall.Errno
	lost  bool // an fsync that failed
	flip  bool
	short bool
}

type rules struct {
	mu     sync.Mutex
	active map[string]*activeRule
}

var errnos = map[string]syscall.Errno{"": 0, "EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS}

var operations = []string{"read", "write", "extend", "fsync", "create", "remove", "rename", "truncate"}

func (r *rules) set(id string, rule Rule) error {
	if _, known := errnos[rule.Error]; !known {
		return fmt.Errorf("unknown error %q", rule.Error)
	}
	if len(rule.Operations) == 0 {
		return fmt.Errorf("a rule needs operations")
	}
	for _, operation := range rule.Operations {
		if !slices.Contains(operations, operation) {
			return fmt.Errorf("unknown operation %q", operation)
		}
	}
	r.clear(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.active == nil {
		r.active = map[string]*activeRule{}
	}
	r.active[id] = &activeRule{Rule: rule, gone: make(chan struct{})}
	return nil
}

// clear takes a rule away and lets go what it held.
func (r *rules) clear(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rule := r.active[id]; rule != nil {
		close(rule.gone)
		delete(r.active, id)
	}
}

// hits tells how many operations a rule has met; false when there is no such rule.
func (r *rules) hits(id string) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rule := r.active[id]
	if rule == nil {
		return 0, false
	}
	return rule.hits, true
}

// idle tells that no path need be looked up.
func (r *rules) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.active) == 0
}

// meet gives what happens to an operation on some bytes of a path, and waits where a rule delays it.
func (r *rules) meet(operation, path string, bytes int64, cancel <-chan struct{}) effect {
	var all effect
	for _, rule := range r.matching(operation, path, bytes) {
		if rule.DelayMs > 0 || rule.Stall {
			var over <-chan time.Time
			if !rule.Stall {
				timer := time.NewTimer(time.Duration(rule.DelayMs) * time.Millisecond)
				defer timer.Stop()
				over = timer.C
			}
			select {
			case <-over:
			case <-rule.gone:
			case <-cancel: // a signal: the process may be told to end
				return effect{errno: syscall.EINTR}
			}
		}
		all.flip = all.flip || rule.Flip
		all.short = all.short || rule.Short
		if errno := errnos[rule.Error]; errno != 0 {
			all.errno = errno
			all.lost = operation == "fsync"
		}
	}
	return all
}

func (r *rules) matching(operation, path string, bytes int64) []*activeRule {
	r.mu.Lock()
	defer r.mu.Unlock()
	var met []*activeRule
	for _, rule := range r.active {
		if !strings.HasPrefix(path, rule.Under) || !slices.Contains(rule.Operations, operation) {
			continue
		}
		rule.passed += bytes
		if rule.passed <= rule.AfterBytes && rule.AfterBytes > 0 || rule.Times > 0 && rule.hits >= rule.Times {
			continue
		}
		rule.hits++
		met = append(met, rule)
	}
	return met
}
