package turnback

import (
	"context"
	"testing"
	"time"
)

// Two clients and 100 arrivals a second; both clients are busy when the load is stopped, and long after.
func TestNothingIsDueAfterTheStop(t *testing.T) {
	clock := Clock{monotonicNs()}
	var dropped []Arrival
	arrivals := NewArrivals(clock, ArrivalConfig{PerSecond: 100, Patience: time.Minute}, func(arrival Arrival) { dropped = append(dropped, arrival) })
	for range 2 {
		if _, ok := arrivals.Next(context.Background()); !ok {
			t.Fatal("the load has not begun")
		}
	}
	time.Sleep(200 * time.Millisecond)
	arrivals.Stop()
	stopped := clock.Now()
	time.Sleep(300 * time.Millisecond)
	for range 2 {
		if arrival, ok := arrivals.Next(context.Background()); ok {
			t.Fatalf("there is another one: %+v", arrival)
		}
	}
	if want := (stopped - arrivals.firstNs) / 10e6; int64(len(dropped)) < want-3 || int64(len(dropped)) > want {
		t.Fatalf("%d were dropped, of some %d that were due", len(dropped), want)
	}
	for _, arrival := range dropped {
		if arrival.IntendedNs > stopped {
			t.Fatalf("%+v was due after the stop at %d", arrival, stopped)
		}
	}
}

func TestAClientThatWaitsForItsArrivalIsLetGoByTheStop(t *testing.T) {
	arrivals := NewArrivals(Clock{monotonicNs()}, ArrivalConfig{PerSecond: 1, Patience: time.Minute}, func(Arrival) { t.Error("nothing was due and not taken") })
	if _, ok := arrivals.Next(context.Background()); !ok {
		t.Fatal("the first one is due at once")
	}
	time.AfterFunc(50*time.Millisecond, arrivals.Stop)
	if arrival, ok := arrivals.Next(context.Background()); ok {
		t.Fatalf("%+v was due after the stop", arrival)
	}
}
