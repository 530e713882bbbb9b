package turnback

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"turnback.dev/standstill"
)

// Stats are the live figures, for the terminal view and for when to go on; the judge never reads them.
type Stats struct {
	slowAfterNs int64

	mu sync.Mutex
	// underWay is when each operation was due that has begun and not ended, by its number.
	underWay  map[int64]int64
	counts    map[Outcome]int64
	slow      int64
	latencies []int64
	// stood holds what no line has told yet.
	stood []standstill.Span
}

func NewStats(slowAfter time.Duration) *Stats {
	return &Stats{slowAfterNs: slowAfter.Nanoseconds(), counts: map[Outcome]int64{}, underWay: map[int64]int64{}}
}

func (s *Stats) Began(arrival Arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay[arrival.Seq] = arrival.IntendedNs
}

// Ended counts what became of an arrival, begun or not.
func (s *Stats) Ended(arrival Arrival, outcome Outcome, atNs int64) {
	latencyNs := atNs - arrival.IntendedNs
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.underWay, arrival.Seq)
	s.counts[outcome]++
	if outcome == Committed {
		if latencyNs > s.slowAfterNs {
			s.slow++
		}
		s.latencies = append(s.latencies, latencyNs)
	}
}

// StoodStill takes down that this process, and so its clients and its clock, was not run.
func (s *Stats) StoodStill(span standstill.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stood = append(s.stood, span)
}

type statsLine struct {
	AtNs   int64             `json:"at"`
	Counts map[Outcome]int64 `json:"counts"`
	// Slow is how many of the committed ones took longer than is tolerated.
	Slow int64 `json:"slow"`
	// OldestDue is when the oldest of the operations under way was due; it is the line's own time where there is none.
	OldestDue int64 `json:"oldestDue"`
	// Stood is when this process was not run, as no line before has told.
	Stood []standstill.Span `json:"stood"`
	P50Ms float64           `json:"p50Ms"`
	P99Ms float64           `json:"p99Ms"`
}

// Publish writes a line to out every interval until done is closed.
func (s *Stats) Publish(clock Clock, out io.Writer, interval time.Duration, done <-chan struct{}) {
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
			_, _ = out.Write(append(line, '\n')) // a view that can't be written is no reason to stop a drill
		}
	}
}

func (s *Stats) snapshot(atNs int64) statsLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := statsLine{AtNs: atNs, Counts: map[Outcome]int64{}, Slow: s.slow, OldestDue: atNs, Stood: s.stood}
	s.stood = nil
	for outcome, count := range s.counts {
		line.Counts[outcome] = count
	}
	for _, due := range s.underWay {
		line.OldestDue = min(line.OldestDue, due)
	}
	if n := len(s.latencies); n > 0 {
		slices.Sort(s.latencies)
		line.P50Ms = float64(s.latencies[n/2]) / 1e6
		line.P99Ms = float64(s.latencies[min(n-1, n*99/100)]) / 1e6
		s.latencies = s.latencies[:0]
	}
	return line
}
