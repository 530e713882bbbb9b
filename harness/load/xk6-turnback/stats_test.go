package turnback

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"turnback.dev/standstill"
)

func TestOnlyWhatWasServedTooLateIsSlow(t *testing.T) {
	stats := NewStats(500 * time.Millisecond)
	stats.Ended(Arrival{Seq: 1}, Committed, 400e6)
	stats.Ended(Arrival{Seq: 2}, Committed, 600e6)
	stats.Ended(Arrival{Seq: 3}, Rejected, 600e6)
	if line := stats.snapshot(1); line.Slow != 1 || line.Counts[Committed] != 2 || line.P99Ms != 600 {
		t.Fatalf("%+v", line)
	}
	if line := stats.snapshot(2); line.Slow != 1 || line.P99Ms != 0 {
		t.Fatalf("slow operations are counted from the start, latencies since the last look: %+v", line)
	}
}

// unsteady takes every other line, and keeps it.
type unsteady struct {
	lines chan string
	calls int
}

func (u *unsteady) Write(line []byte) (int, error) {
	u.calls++
	if u.calls%2 == 1 {
		return 0, errors.New("nobody reads this")
	}
	u.lines <- string(line)
	return len(line), nil
}

func TestLiveFiguresAreALineEachUntilTheEnd(t *testing.T) {
	stats, out, done, ended := NewStats(time.Second), &unsteady{lines: make(chan string)}, make(chan struct{}), make(chan struct{})
	stats.Ended(Arrival{Seq: 1}, Committed, 400e6)
	go func() {
		stats.Publish(Clock{}, out, time.Millisecond, done)
		close(ended)
	}()
	for range 3 {
		var line statsLine
		if text := <-out.lines; text[len(text)-1] != '\n' || json.Unmarshal([]byte(text), &line) != nil || line.Counts[Committed] != 1 {
			t.Fatalf("%q", text)
		}
	}
	close(done)
	for {
		select {
		case <-out.lines: // it may have been writing just then
		case <-ended:
			return
		case <-time.After(5 * time.Second):
			t.Fatal("figures are published after the end")
		}
	}
}

func TestTheOldestUnderWayIsTold(t *testing.T) {
	stats := NewStats(time.Second)
	stats.Began(Arrival{Seq: 1, IntendedNs: 100})
	stats.Began(Arrival{Seq: 2, IntendedNs: 200})
	for _, step := range []struct{ ends, oldest int64 }{{0, 100}, {1, 200}, {2, 900}} {
		stats.Ended(Arrival{Seq: step.ends}, Committed, 800)
		if line := stats.snapshot(900); line.OldestDue != step.oldest {
			t.Fatalf("once %d had ended: %+v", step.ends, line)
		}
	}
}

func TestEachStandstillIsToldOnce(t *testing.T) {
	stats := NewStats(time.Second)
	stats.StoodStill(standstill.Span{From: 1, To: 2})
	stats.StoodStill(standstill.Span{From: 3, To: 4})
	if stood := stats.snapshot(5).Stood; len(stood) != 2 || stood[0] != (standstill.Span{From: 1, To: 2}) || stood[1].To != 4 {
		t.Fatalf("%v", stood)
	}
	if stood := stats.snapshot(6).Stood; len(stood) != 0 {
		t.Fatalf("told again: %v", stood)
	}
	stats.StoodStill(standstill.Span{From: 6, To: 7})
	if stood := stats.snapshot(8).Stood; len(stood) != 1 || stood[0].To != 7 {
		t.Fatalf("%v", stood)
	}
}
