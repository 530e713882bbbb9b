package turnback

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"turnback.dev/standstill"
)

// firstFollowUp is more than the arrivals of any run.
const firstFollowUp = 1_000_000_001

// Generator is what all VUs share: the pool, the schedule, the ledger. It is made once, by
// the first VU that needs it; k6 runs init code more often than that.
type Generator struct {
	config Config
	clock  Clock
	// pools by the database's name; the first database has none.
	pools       map[string]*pgxpool.Pool
	application *Application
	arrivals    *Arrivals
	ledger      *Ledger
	stats       *Stats
	done        chan struct{}
	// followUps numbers what clients do after an arrival's first operation, apart from the arrivals:
	// how often it comes to that is chance, and must not change what the next arrivals do.
	followUps atomic.Int64

	failMu sync.Mutex
	failed error
}

func newGenerator(config Config) (*Generator, error) {
	startNs, err := strconv.ParseInt(config.RunStartNs, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("TURNBACK_LOAD: runStartNs is not a number of nanoseconds: %q", config.RunStartNs)
	}
	g := &Generator{config: config, clock: Clock{startNs}, stats: NewStats(config.slowAfter()), pools: map[string]*pgxpool.Pool{}, application: newApplication(config), done: make(chan struct{})}
	if config.LedgerDir != "" {
		if g.ledger, err = OpenLedger(config.LedgerDir, g.fail); err != nil {
			return nil, err
		}
	}
	g.followUps.Store(firstFollowUp - 1)
	if g.pools[""], err = openPool(config, config.DSN); err != nil {
		return nil, err
	}
	for name, dsn := range config.Others {
		if g.pools[name], err = openPool(config, dsn); err != nil {
			return nil, err
		}
	}
	g.arrivals = NewArrivals(g.clock, ArrivalConfig{
		PerSecond: config.PerSecond, Poisson: config.Poisson, Seed: config.Seed,
		Patience: config.patience(), Duration: config.duration(),
	}, g.drop)
	go g.stopOnSignal()
	if config.StatsFd != 0 {
		go standstill.Watch(g.clock.Now, g.done, g.stats.StoodStill)
		go g.stats.Publish(g.clock, os.NewFile(config.StatsFd, "live figures"), 100*time.Millisecond, g.done)
	}
	return g, nil
}

func openPool(config Config, dsn string) (*pgxpool.Pool, error) {
	poolConfig, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("TURNBACK_LOAD: dsn can't be parsed") // pgx quotes the DSN; we don't
	}
	poolConfig.MaxConns = config.Connections
	poolConfig.MinConns = min(config.Connections, 4)
	poolConfig.ConnConfig.ConnectTimeout = config.timeout()
	countWrites(poolConfig, config.timeout())
	pool, err := pgxpool.NewWithConfig(context.Background(), poolConfig)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	return pool, nil
}

// stopOnSignal ends the schedule on SIGUSR1; operations in flight are finished and recorded.
func (g *Generator) stopOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	<-signals
	g.arrivals.Stop()
}

// fail stops the load for good: writing on with a ledger that lost a line would be blind.
func (g *Generator) fail(err error) {
	g.failMu.Lock()
	defer g.failMu.Unlock()
	if g.failed == nil {
		g.failed = err
		fmt.Fprintf(os.Stderr, "turnback: load stopped: %v\n", err)
		g.arrivals.Stop()
	}
}

func (g *Generator) failure() error {
	g.failMu.Lock()
	defer g.failMu.Unlock()
	return g.failed
}

func (g *Generator) drop(arrival Arrival) {
	g.stats.Ended(arrival, Dropped, g.clock.Now())
	if g.ledger == nil {
		return
	}
	// onError has stopped the load if either of these fails.
	if g.ledger.Intent(arrival, 0, "", 0, nil, nil) == nil {
		_ = g.ledger.Outcome(arrival.Seq, 0, g.clock.Now(), Dropped, PhaseAcquire, "no-client-free", "", nil)
	}
}

// operation is one unit of work between its intent and its outcome.
type operation struct {
	g          *Generator
	arrival    Arrival
	startNs    int64
	acquiredNs int64
	// sent: something was written since the phase that commits began.
	sent bool
	// reads is what the body of a transaction on lists returned.
	reads json.RawMessage
}

// readsIf: only what was committed was really read.
func (o *operation) readsIf(outcome Outcome) json.RawMessage {
	if outcome != Committed {
		return nil
	}
	return o.reads
}

func (g *Generator) begin(arrival Arrival, vu uint64, op string, effects []Effect, mops json.RawMessage) (*operation, error) {
	o := &operation{g: g, arrival: arrival, startNs: g.clock.Now()}
	if g.ledger != nil {
		if err := g.ledger.Intent(arrival, vu, op, o.startNs, effects, mops); err != nil {
			return nil, err
		}
	}
	g.stats.Began(arrival)
	return o, nil
}

func (o *operation) end(phase Phase, err error) Outcome {
	outcome, code := Classify(phase, err, o.sent)
	o.settle(outcome, phase, code, errorText(err))
	return outcome
}

// settle records how the operation ended, as of now.
func (o *operation) settle(outcome Outcome, phase Phase, code, text string) {
	endNs := o.g.clock.Now()
	o.g.stats.Ended(o.arrival, outcome, endNs)
	if o.g.ledger != nil {
		// A failed write has stopped the load; the missing line reads as indeterminate.
		_ = o.g.ledger.Outcome(o.arrival.Seq, o.acquiredNs, endNs, outcome, phase, code, text, o.readsIf(outcome))
	}
}
