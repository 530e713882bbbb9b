package turnback

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Arrivals hands out the open model's work: each arrival is due at a time fixed in advance,
// whether or not anybody is free to serve it.
//
// k6's own arrival-rate executors drop an iteration when no VU is free and keep no record of
// when it was due, so what clients waited can't be told afterwards (coordinated omission).
// Here the schedule is the source: a VU takes the next arrival and waits until it is due. When
// all are busy, arrivals grow late, and the lateness is on record. One that nobody took
// within the patience is dropped, and that is on record too.
type Arrivals struct {
	mu         sync.Mutex
	clock      Clock
	firstNs    int64
	dueNs      int64
	gap        func() float64
	seq        int64
	patienceNs int64
	endNs      int64
	stop       chan struct{}
	stopOnce   sync.Once
	// stoppedNs is when it was stopped; set before stop is closed.
	stoppedNs int64
	onDrop    func(Arrival)
}

// Arrival is one unit of work that was due at IntendedNs.
type Arrival struct {
	Seq        int64
	IntendedNs int64
}

// ArrivalConfig: PerSecond arrivals for Duration (0: until stopped), spaced evenly or, with
// Poisson, with exponential gaps drawn from Seed.
type ArrivalConfig struct {
	PerSecond float64
	Poisson   bool
	Seed      uint64
	Patience  time.Duration
	Duration  time.Duration
}

func NewArrivals(clock Clock, config ArrivalConfig, onDrop func(Arrival)) *Arrivals {
	mean := 1e9 / config.PerSecond
	gap := func() float64 { return mean }
	if config.Poisson {
		random := rand.New(rand.NewPCG(config.Seed, 0x9e3779b97f4a7c15))
		gap = func() float64 { return random.ExpFloat64() * mean }
	}
	return &Arrivals{
		clock: clock, firstNs: -1, gap: gap, patienceNs: int64(config.Patience),
		endNs: int64(config.Duration), stop: make(chan struct{}), onDrop: onDrop,
	}
}

// Stop ends the schedule: what is due later is not an arrival; what was due and not taken is dropped.
func (a *Arrivals) Stop() {
	a.stopOnce.Do(func() {
		a.stoppedNs = a.clock.Now()
		close(a.stop)
	})
}

// Next waits for the next arrival to be due; false when the load has ended.
func (a *Arrivals) Next(ctx context.Context) (Arrival, bool) {
	for {
		arrival, ok := a.take()
		if !ok {
			return Arrival{}, false
		}
		if wait := arrival.IntendedNs - a.clock.Now(); wait > 0 {
			timer := time.NewTimer(time.Duration(wait))
			select {
			case <-timer.C:
			case <-a.stop:
				timer.Stop()
				if arrival.IntendedNs > a.stoppedNs {
					return Arrival{}, false
				}
				// It was due before, and this client only woke up too late to see it.
			case <-ctx.Done():
				timer.Stop()
				return Arrival{}, false
			}
		} else if -wait > a.patienceNs {
			a.onDrop(arrival)
			continue
		}
		return arrival, true
	}
}

func (a *Arrivals) take() (Arrival, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.firstNs < 0 {
		a.firstNs = a.clock.Now()
		a.dueNs = a.firstNs
		if a.endNs > 0 {
			a.endNs += a.firstNs
		} else {
			a.endNs = math.MaxInt64
		}
	}
	select {
	case <-a.stop:
		a.dropOverdue()
		return Arrival{}, false
	default:
	}
	if a.dueNs >= a.endNs {
		return Arrival{}, false
	}
	return a.advance(), true
}

// dropOverdue accounts for what was due before the stop and never taken. A client that was busy then and comes
// later finds no more: nothing is due after the stop.
func (a *Arrivals) dropOverdue() {
	until := min(a.stoppedNs, a.endNs)
	for a.dueNs < until {
		a.onDrop(a.advance())
	}
	a.endNs = min(a.endNs, a.dueNs)
}

func (a *Arrivals) advance() Arrival {
	a.seq++
	arrival := Arrival{Seq: a.seq, IntendedNs: a.dueNs}
	a.dueNs += max(1, int64(a.gap()))
	return arrival
}
