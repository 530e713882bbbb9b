package turnback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

func serverError(severity, code string) error {
	return fmt.Errorf("wrapped: %w", &pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: severity, Code: code})
}

func TestWhatAnErrorAllowsAClientToClaim(t *testing.T) {
	cases := []struct {
		title   string
		phase   Phase
		err     error
		sent    bool
		outcome Outcome
		code    string
	}{
		{"a complete reply is a commit", PhaseCommit, nil, true, Committed, ""},
		{"no connection: nothing was sent", PhaseAcquire, syscall.ECONNREFUSED, false, Rejected, "refused"},
		{"a connection lost before COMMIT makes the server abort", PhaseOpen, io.ErrUnexpectedEOF, true, Rejected, "closed"},
		{"a time-out before COMMIT as well", PhaseOpen, context.DeadlineExceeded, true, Rejected, "timeout"},
		{"a script's own abort", PhaseOpen, &ClientAbort{"no stock"}, true, Rejected, "client-abort"},
		{"the connection closed under COMMIT", PhaseCommit, io.ErrUnexpectedEOF, true, Indeterminate, "closed"},
		{"a reset under COMMIT", PhaseCommit, syscall.ECONNRESET, true, Indeterminate, "reset"},
		{"a time-out under COMMIT does not stop the server", PhaseCommit, context.DeadlineExceeded, true, Indeterminate, "timeout"},
		{"COMMIT that never left this process", PhaseCommit, syscall.EPIPE, false, Rejected, "reset"},
		{"COMMIT answered with ROLLBACK", PhaseCommit, pgx.ErrTxCommitRollback, true, Rejected, "commit-rolled-back"},
		{"a deferred constraint at COMMIT", PhaseCommit, serverError("ERROR", "23503"), true, Rejected, "23503"},
		{"a serialization failure at COMMIT", PhaseCommit, serverError("ERROR", "40001"), true, Rejected, "40001"},
		{"a full disk", PhaseSingle, serverError("ERROR", "53100"), true, Rejected, "53100"},
		{"a plan cached across DDL", PhaseSingle, serverError("ERROR", "0A000"), true, Rejected, "0A000"},
		{"statement completion unknown, whatever its severity", PhaseCommit, serverError("ERROR", "40003"), true, Indeterminate, "40003"},
		{"a connection exception reported by the server", PhaseCommit, serverError("ERROR", "08006"), true, Indeterminate, "08006"},
		{"admin shutdown can follow the local commit", PhaseCommit, serverError("FATAL", "57P01"), true, Indeterminate, "57P01"},
		{"crash shutdown", PhaseSingle, serverError("FATAL", "57P02"), true, Indeterminate, "57P02"},
		{"a panic", PhaseCommit, serverError("PANIC", "XX000"), true, Indeterminate, "XX000"},
		{"one statement by itself: the answer is cut off", PhaseSingle, io.EOF, true, Indeterminate, "closed"},
		{"an error that nobody has heard of", PhaseCommit, errors.New("boo"), true, Indeterminate, "other"},
	}
	for _, c := range cases {
		t.Run(c.title, func(t *testing.T) {
			outcome, code := Classify(c.phase, c.err, c.sent)
			if outcome != c.outcome || code != c.code {
				t.Errorf("got %s %q, want %s %q", outcome, code, c.outcome, c.code)
			}
		})
	}
}

// fakeServer speaks enough of the protocol to serve statements, and answers COMMIT as told.
func fakeServer(t *testing.T, onCommit func(*pgproto3.Backend, net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveFake(conn, onCommit)
		}
	}()
	return "postgres://u@" + listener.Addr().String() + "/d?sslmode=disable"
}

func serveFake(conn net.Conn, onCommit func(*pgproto3.Backend, net.Conn)) {
	defer conn.Close()
	backend := pgproto3.NewBackend(conn, conn)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if backend.Flush() != nil {
		return
	}
	for {
		message, err := backend.Receive()
		if err != nil {
			return
		}
		query, ok := message.(*pgproto3.Query)
		if !ok {
			continue
		}
		word := strings.ToUpper(strings.Fields(query.String + " ;")[0])
		if word == "COMMIT" {
			onCommit(backend, conn)
			return
		}
		status := map[string]byte{"ROLLBACK": 'I'}[word]
		if status == 0 {
			status = 'T'
		}
		backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(word)})
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: status})
		if backend.Flush() != nil {
			return
		}
	}
}

func commitAgainst(t *testing.T, dsn string, timeout time.Duration, spoil func(*pgxpool.Conn)) (Outcome, string) {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	countWrites(config, time.Second)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	spoil(conn)
	before := bytesSent(conn)
	err = tx.Commit(ctx)
	return Classify(PhaseCommit, err, bytesSent(conn) != before)
}

func TestAConnectionLostBetweenCommitAndItsAnswer(t *testing.T) {
	nothing := func(*pgxpool.Conn) {}
	cases := []struct {
		title    string
		onCommit func(*pgproto3.Backend, net.Conn)
		spoil    func(*pgxpool.Conn)
		outcome  Outcome
	}{
		{"closed without a word is indeterminate", func(_ *pgproto3.Backend, c net.Conn) { c.Close() }, nothing, Indeterminate},
		{"reset is indeterminate", func(_ *pgproto3.Backend, c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}, nothing, Indeterminate},
		{"half an answer is indeterminate", func(_ *pgproto3.Backend, c net.Conn) { _, _ = c.Write([]byte{'C', 0, 0}) }, nothing, Indeterminate},
		{"silence until the time-out is indeterminate", func(_ *pgproto3.Backend, _ net.Conn) { time.Sleep(600 * time.Millisecond) }, nothing, Indeterminate},
		{"a fatal error is indeterminate", func(b *pgproto3.Backend, _ net.Conn) {
			b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"})
			_ = b.Flush()
		}, nothing, Indeterminate},
		{"ROLLBACK for an answer is a rejection", func(b *pgproto3.Backend, c net.Conn) {
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("ROLLBACK")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = b.Flush()
			_, _ = io.Copy(io.Discard, c)
		}, nothing, Rejected},
		{"a complete answer is a commit", func(b *pgproto3.Backend, c net.Conn) {
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("COMMIT")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = b.Flush()
			_, _ = io.Copy(io.Discard, c)
		}, nothing, Committed},
		{"a connection that was gone before COMMIT is a rejection", func(*pgproto3.Backend, net.Conn) {},
			func(c *pgxpool.Conn) { c.Conn().PgConn().Conn().Close() }, Rejected},
	}
	for _, c := range cases {
		t.Run(c.title, func(t *testing.T) {
			outcome, code := commitAgainst(t, fakeServer(t, c.onCommit), 300*time.Millisecond, c.spoil)
			if outcome != c.outcome {
				t.Errorf("got %s (%s), want %s", outcome, code, c.outcome)
			}
		})
	}
}

// The reason why Classify counts bytes. If this fails, pgx was mended, and nothing else changes.
func TestTheDriverCallsALostCommitSafeToRetry(t *testing.T) {
	dsn := fakeServer(t, func(_ *pgproto3.Backend, c net.Conn) { c.Close() })
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	tx, err := conn.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(context.Background()); !pgconn.SafeToRetry(err) {
		t.Errorf("pgx no longer calls a COMMIT without an answer safe to retry: %v", err)
	}
}

func TestALedgerThatLostALineRefusesEverythingAfterIt(t *testing.T) {
	var reported error
	ledger, err := OpenLedger(t.TempDir(), func(err error) { reported = err })
	if err != nil {
		t.Fatal(err)
	}
	ledger.intents.file.Close()
	for range 2 {
		if ledger.Intent(Arrival{Seq: 1}, 1, "op", 0, nil, nil) == nil {
			t.Error("an intent that was not written must not be accepted")
		}
	}
	if reported == nil {
		t.Error("the failure must be reported, so that the load stops")
	}
}

func TestAnIntentIsOnDiskBeforeItIsAcknowledged(t *testing.T) {
	dir := t.TempDir()
	ledger, err := OpenLedger(dir, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	effect := Effect{Entity: "order", Key: `a"b`, Kind: "insert", Value: []byte(`{"total":"1.50"}`)}
	if err := ledger.Intent(Arrival{Seq: 7, IntendedNs: 5}, 3, "place", 6, []Effect{effect}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "intents.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":7,"vu":3,"op":"place","intended":5,"start":6,"effects":[{"entity":"order","key":"a\"b","kind":"insert","value":{"total":"1.50"}}]}` + "\n"
	if string(text) != want {
		t.Errorf("got %s want %s", text, want)
	}
}

func TestArrivalsAreDueWhetherOrNotAnybodyIsFree(t *testing.T) {
	clock := Clock{monotonicNs()}
	var dropped []Arrival
	arrivals := NewArrivals(clock, ArrivalConfig{PerSecond: 100, Patience: 30 * time.Millisecond, Duration: 200 * time.Millisecond},
		func(a Arrival) { dropped = append(dropped, a) })
	first, ok := arrivals.Next(context.Background())
	if !ok {
		t.Fatal("no arrival")
	}
	time.Sleep(100 * time.Millisecond) // the only client is busy
	taken := []Arrival{first}
	for {
		arrival, ok := arrivals.Next(context.Background())
		if !ok {
			break
		}
		taken = append(taken, arrival)
	}
	if len(taken)+len(dropped) != 20 {
		t.Errorf("%d taken and %d dropped: 200 ms at 100 a second are 20 arrivals", len(taken), len(dropped))
	}
	if len(dropped) == 0 {
		t.Error("what was due while the client was busy, and not taken within the patience, must be dropped")
	}
	for _, a := range append(taken, dropped...) {
		if want := first.IntendedNs + (a.Seq-1)*10_000_000; a.IntendedNs != want {
			t.Errorf("arrival %d was due at %d, want %d: the schedule must not depend on the clients", a.Seq, a.IntendedNs, want)
		}
	}
}

func TestWhatTheLedgerKeepsOfAnErrorsText(t *testing.T) {
	said := func(code, message string) error {
		return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Message: message})
	}
	cases := []struct {
		err  error
		text string
	}{
		{said("42P01", `relation "nowhere" does not exist`), `relation "nowhere" does not exist`},
		{said("23502", `null value in column "number" of relation "prescriptions" violates not-null constraint`), `null value in column "number" of relation "prescriptions" violates not-null constraint`},
		{said("22P02", `invalid input value for enum mood: "secret"`), "invalid input value for enum mood"},
		{said("42601", `syntax error at or near "secret"`), ""},
		{said("28P01", `password authentication failed for user "app"`), `password authentication failed for user "app"`},
		{said("3D000", `database "shop" does not exist`), `database "shop" does not exist`},
		{said("53300", "sorry, too many clients already"), "sorry, too many clients already"},
		{said("P0001", "the card 4111 is not valid"), ""},
		{said("42P10", strings.Repeat("é", 150)), strings.Repeat("é", 100) + "..."},
		{io.EOF, ""},
		{nil, ""},
	}
	for _, c := range cases {
		if text := errorText(c.err); text != c.text {
			t.Errorf("%v: kept %q, and not %q", c.err, text, c.text)
		}
	}
}
