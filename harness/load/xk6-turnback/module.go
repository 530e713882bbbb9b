// Package turnback is the k6 extension k6/x/turnback: an open-model client of PostgreSQL
// that keeps a ledger of what it was told.
package turnback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/grafana/sobek"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.k6.io/k6/v2/js/modules"
)

func init() { modules.Register("k6/x/turnback", new(Root)) }

// Root is made once per k6 process and owns the generator.
type Root struct {
	once      sync.Once
	generator *Generator
	err       error
}

func (r *Root) shared() (*Generator, error) {
	r.once.Do(func() {
		config, err := readConfig()
		if err == nil {
			r.generator, err = newGenerator(config)
		}
		r.err = err
	})
	return r.generator, r.err
}

// NewModuleInstance is called for each VU.
func (r *Root) NewModuleInstance(vu modules.VU) modules.Instance {
	return &Client{root: r, vu: vu}
}

// Client is one VU's view of the generator.
type Client struct {
	root    *Root
	vu      modules.VU
	current Arrival
}

func (c *Client) Exports() modules.Exports {
	named := (&Database{Client: c}).operations()
	named["options"], named["serve"], named["andThen"], named["database"], named["request"] = c.options, c.serve, c.andThen, c.database, c.request
	return modules.Exports{Named: named}
}

// Database is one of the system's databases as a VU sees it; without a name it is the first one.
type Database struct {
	*Client
	name string
}

func (d *Database) operations() map[string]any {
	return map[string]any{"transaction": d.transaction, "listAppend": d.listAppend, "statement": d.statement, "read": d.read}
}

// database gives the operations on one of the system's other databases.
func (c *Client) database(name string) (map[string]any, error) {
	config, err := readConfig()
	if err != nil {
		return nil, err
	}
	if _, ok := config.Others[name]; !ok {
		return nil, fmt.Errorf("this system has no other database named %q: the drill declares them in system.others", name)
	}
	return (&Database{Client: c, name: name}).operations(), nil
}

// andThen begins another operation of the arrival that was just served: it is due now.
func (c *Client) andThen() error {
	g, err := c.root.shared()
	if err != nil {
		return err
	}
	if c.current.Seq != 0 {
		return errors.New("andThen() comes after an operation: this arrival has not served its first one")
	}
	c.current = Arrival{Seq: g.followUps.Add(1), IntendedNs: g.clock.Now()}
	return nil
}

// options returns the k6 options of an open-model workload: every VU runs one iteration, in
// which serve() takes arrivals until the load ends.
func (c *Client) options() (map[string]any, error) {
	config, err := readConfig()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"scenarios": map[string]any{"clients": map[string]any{
			"executor": "per-vu-iterations", "vus": config.Clients, "iterations": 1,
			"maxDuration": "24h", "gracefulStop": "30s",
		}},
		"systemTags": []string{},
	}, nil
}

// arrivalHandle is what a script sees of an arrival. Its randomness depends on the seed and
// the arrival's number alone, so a run with the same seed attempts the same operations.
type arrivalHandle struct {
	Seq    int64
	random *rand.Rand
}

func (a *arrivalHandle) Random() float64 { return a.random.Float64() }

// Int is a whole number from low to high, both included.
func (a *arrivalHandle) Int(low, high int64) int64 { return low + a.random.Int64N(high-low+1) }

// Uuid is a version 4 UUID from the seeded source.
func (a *arrivalHandle) Uuid() string {
	high, low := a.random.Uint64(), a.random.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(0xc<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffffffffffff)
}

func (c *Client) serve(body sobek.Callable) error {
	g, err := c.root.shared()
	if err != nil {
		return err
	}
	for {
		arrival, ok := g.arrivals.Next(c.vu.Context())
		if !ok {
			return g.failure()
		}
		c.current = arrival
		handle := &arrivalHandle{arrival.Seq, rand.New(rand.NewPCG(g.config.Seed, uint64(arrival.Seq)))}
		if _, err := body(sobek.Undefined(), c.vu.Runtime().ToValue(handle)); err != nil {
			if failure := g.failure(); failure != nil {
				return failure
			}
			// A script that throws outside a transaction is a defect of the workload.
			g.fail(fmt.Errorf("the workload threw: %w", err))
			return err
		}
	}
}

type effectArgument struct {
	Entity string
	Key    string
	Kind   string
	Value  map[string]any
}

func (c *Client) begin(op string, arguments []effectArgument, mops json.RawMessage) (*operation, *Generator, error) {
	g, err := c.root.shared()
	if err != nil {
		return nil, nil, err
	}
	if c.current.Seq == 0 {
		return nil, nil, errors.New("an arrival serves one operation, inside serve(), and another after andThen(): this is outside, or one too many")
	}
	effects := make([]Effect, len(arguments))
	for i, a := range arguments {
		value, err := json.Marshal(a.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("effect on %s %s: %w", a.Entity, a.Key, err)
		}
		effects[i] = Effect{Entity: a.Entity, Key: a.Key, Kind: a.Kind, Value: value}
	}
	o, err := g.begin(c.current, c.vu.State().VUID, op, effects, mops)
	c.current = Arrival{}
	return o, g, err
}

// transaction runs body inside BEGIN and COMMIT and returns the outcome.
func (d *Database) transaction(op string, effects []effectArgument, body sobek.Callable) (string, error) {
	o, g, err := d.begin(op, effects, nil)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(d.vu.Context(), g.config.timeout())
	defer cancel()
	phase, err := d.inTransaction(ctx, o, body)
	return string(o.end(phase, err)), nil
}

func (d *Database) inTransaction(ctx context.Context, o *operation, body sobek.Callable) (Phase, error) {
	conn, err := o.g.pools[d.name].Acquire(ctx)
	if err != nil {
		return PhaseAcquire, err
	}
	defer conn.Release() // destroys a connection that is still inside a transaction
	o.acquiredNs = o.g.clock.Now()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return PhaseOpen, err
	}
	session := &Session{ctx: ctx, tx: tx}
	if _, err := body(sobek.Undefined(), d.vu.Runtime().ToValue(session)); err != nil || session.failed != nil {
		// A failed statement dooms the transaction, even if the script caught the exception.
		if session.failed == nil {
			session.failed = &ClientAbort{Reason: err.Error()}
		}
		_ = tx.Rollback(ctx) // if this fails too, the connection goes, and the server rolls back
		return PhaseOpen, session.failed
	}
	before := bytesSent(conn)
	err = tx.Commit(ctx)
	o.sent = bytesSent(conn) != before
	return PhaseCommit, err
}

// listAppend is a transaction of an isolation history. mops says before it starts what it will
// do: ["append", key, element] and ["r", key]; body returns the lists that it read, in order.
func (d *Database) listAppend(op string, mops []any, body sobek.Callable) (string, error) {
	asked, err := json.Marshal(mops)
	if err != nil {
		return "", fmt.Errorf("operations on lists: %w", err)
	}
	o, g, err := d.begin(op, nil, asked)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(d.vu.Context(), g.config.timeout())
	defer cancel()
	phase, err := d.inTransaction(ctx, o, func(this sobek.Value, arguments ...sobek.Value) (sobek.Value, error) {
		lists, err := body(this, arguments...)
		if err == nil {
			o.reads, err = json.Marshal(lists.Export())
		}
		return lists, err
	})
	return string(o.end(phase, err)), nil
}

// statement runs one statement that commits by itself and returns the outcome.
func (d *Database) statement(op string, effects []effectArgument, sql string, args ...any) (string, error) {
	o, g, err := d.begin(op, effects, nil)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(d.vu.Context(), g.config.timeout())
	defer cancel()
	phase, err := PhaseAcquire, error(nil)
	var conn *pgxpool.Conn
	if conn, err = g.pools[d.name].Acquire(ctx); err == nil {
		defer conn.Release()
		o.acquiredNs = g.clock.Now()
		phase = PhaseSingle
		before := bytesSent(conn)
		_, err = conn.Exec(ctx, sql, args...)
		o.sent = bytesSent(conn) != before
	}
	return string(o.end(phase, err)), nil
}

// read runs a query outside a transaction: its rows, or null when it failed.
func (d *Database) read(op string, sql string, args ...any) ([]map[string]any, error) {
	o, g, err := d.begin(op, nil, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(d.vu.Context(), g.config.timeout())
	defer cancel()
	conn, err := g.pools[d.name].Acquire(ctx)
	if err != nil {
		o.end(PhaseAcquire, err)
		return nil, nil
	}
	defer conn.Release()
	o.acquiredNs = g.clock.Now()
	rows, err := query(ctx, conn, sql, args)
	// A read has no effect to be in doubt about: whatever broke it, it was simply not served.
	if err != nil {
		o.end(PhaseOpen, err)
		return nil, nil
	}
	o.end(PhaseSingle, nil)
	return rows, nil
}

// Session is an open transaction as a script sees it.
type Session struct {
	ctx    context.Context
	tx     pgx.Tx
	failed error
}

// Exec runs a statement and returns the number of rows affected.
func (s *Session) Exec(sql string, args ...any) (int64, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	tag, err := s.tx.Exec(s.ctx, sql, args...)
	if err != nil {
		s.failed = err
		return 0, err
	}
	return tag.RowsAffected(), nil
}

// Query runs a statement and returns all of its rows.
func (s *Session) Query(sql string, args ...any) ([]map[string]any, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	rows, err := query(s.ctx, s.tx, sql, args)
	if err != nil {
		s.failed = err
	}
	return rows, err
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// query returns rows only when the result came whole: CollectRows looks at the rows' error
// after the last one, so a connection cut in mid-result is an error and no short success.
func query(ctx context.Context, q querier, sql string, args []any) ([]map[string]any, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToMap)
}
