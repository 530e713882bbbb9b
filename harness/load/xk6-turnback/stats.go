package turnback

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"time"
)

// Stats are the live figures, for the terminal view and for when to go on; the judge never reads them.
type Stats struct {
	slowAfterNs int64

	mu        sync.Mutex
	counts    map[Outcome]int64
	slow      int64
	latencies []int64
}

func NewStats(slowAfter time.Duration) *Stats {
	return &Stats{slowAfterNs: slowAfter.Nanoseconds(), counts: map[Outcome]int64{}}
}

func (s *Stats) Count(outcome Outcome, latencyNs int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[outcome]++
	if outcome == Committed {
		if latencyNs > s.slowAfterNs {
			s.slow++
		}
		s.latencies = append(s.latencies, latencyNs)
	}
}

type statsLine struct {
	AtNs   int64             `json:"at"`
	Counts map[Outcome]int64 `json:"counts"`
	// Slow is how many of the committed ones took longer than is tolerated.
	Slow  int64   `json:"slow"`
	P50Ms float64 `json:"p50Ms"`
	P99Ms float64 `json:"p99Ms"`
}

// Publish replaces the file at path every interval until done is closed.
func (s *Stats) Publish(clock Clock, path string, interval time.Duration, done <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			line, err := json.Marshal(s.snapshot(clock.Now()))
			if err != nil {
				return
			}
			// A view that can't be written is no reason to stop a drill.
			if os.WriteFile(path+".tmp", line, 0o644) == nil {
				_ = os.Rename(path+".tmp", path)
			}
		}
	}
}

func (s *Stats) snapshot(atNs int64) statsLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := statsLine{AtNs: atNs, Counts: map[Outcome]int64{}, Slow: s.slow}
	for outcome, count := range s.counts {
		line.Counts[outcome] = count
	}
	if n := len(s.latencies); n > 0 {
		slices.Sort(s.latencies)
		line.P50Ms = float64(s.latencies[n/2]) / 1e6
		line.P99Ms = float64(s.latencies[min(n-1, n*99/100)]) / 1e6
		s.latencies = s.latencies[:0]
	}
	return line
}
