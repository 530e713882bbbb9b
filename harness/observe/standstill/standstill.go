// Package standstill notices when the process it is part of was not run: on a frozen machine, a
// paused one, or one without a core to spare. What an instrument measured meanwhile says nothing
// of the system.
package standstill

import "time"

const (
	every = 10 * time.Millisecond
	// Shortest is what is told of. A late wake-up of some 10 ms is everyday life on a busy machine.
	Shortest = 100 * time.Millisecond
)

// Span is from when the process was last seen running to when it was so again, in nanoseconds
// of the clock that was given.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Watch tells of each standstill, once it is over, until done is closed.
func Watch(now func() int64, done <-chan struct{}, tell func(Span)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for last := now(); ; {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		at := now()
		if at-last >= Shortest.Nanoseconds() {
			tell(Span{last, at})
		}
		last = at
	}
}
