package turnback

import (
	"testing"
	"time"
)

func TestOnlyWhatWasServedTooLateIsSlow(t *testing.T) {
	stats := NewStats(500 * time.Millisecond)
	stats.Count(Committed, (400 * time.Millisecond).Nanoseconds())
	stats.Count(Committed, (600 * time.Millisecond).Nanoseconds())
	stats.Count(Rejected, (600 * time.Millisecond).Nanoseconds())
	if line := stats.snapshot(1); line.Slow != 1 || line.Counts[Committed] != 2 || line.P99Ms != 600 {
		t.Fatalf("%+v", line)
	}
	if line := stats.snapshot(2); line.Slow != 1 || line.P99Ms != 0 {
		t.Fatalf("slow operations are counted from the start, latencies since the last look: %+v", line)
	}
}
