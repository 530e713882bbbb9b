package main

import (
	"regexp"
	"sync"
)

// trap says which statements' answers are to be swallowed, and how many.
type trap struct {
	mu       sync.Mutex
	pattern  *regexp.Regexp
	left     int
	Armed    int `json:"armed"`    // answers that were to be swallowed
	Swallows int `json:"swallows"` // answers that were: executed by the server, never delivered
}

func (t *trap) set(pattern string, times int) error {
	compiled, err := regexp.Compile("(?i)" + pattern)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pattern, t.left, t.Armed, t.Swallows = compiled, times, times, 0
	return nil
}

func (t *trap) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pattern, t.left = nil, 0
}

// take claims one swallow for this statement, if it is wanted.
func (t *trap) take(sql string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pattern == nil || t.left == 0 || !t.pattern.MatchString(sql) {
		return false
	}
	t.left--
	return true
}

// restore gives a claim back: the statement failed by itself.
func (t *trap) restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pattern != nil {
		t.left++
	}
}

func (t *trap) confirm() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Swallows++
}

func (t *trap) counts() (armed, swallows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Armed, t.Swallows
}
