package turnback

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Outcome is what a client may claim to know about one operation.
type Outcome string

const (
	// Committed: the server acknowledged the commit with a complete reply.
	Committed Outcome = "committed"
	// Rejected: the effect is definitely not applied.
	Rejected Outcome = "rejected"
	// Indeterminate: nobody on the client's side can know.
	Indeterminate Outcome = "indeterminate"
	// Dropped: due, but never started, because no client was free in time.
	Dropped Outcome = "dropped"
)

// Phase is how far an operation had come when it failed.
type Phase string

const (
	// PhaseAcquire: no connection yet; nothing was sent on this operation's behalf.
	PhaseAcquire Phase = "acquire"
	// PhaseOpen: inside an explicit transaction, COMMIT not yet sent.
	PhaseOpen Phase = "open"
	// PhaseCommit: COMMIT was handed to the connection.
	PhaseCommit Phase = "commit"
	// PhaseSingle: one statement outside a transaction; it commits by itself.
	PhaseSingle Phase = "single"
	// PhaseRequest: a request to the application, which has transactions of its own.
	PhaseRequest Phase = "request"
)

// Classify decides what an error allows a client to claim, and names the error. `sent` says
// whether any byte was written to the connection since the phase began.
//
// The question is only ever: can the server have committed? Everything else follows.
//
//   - Before COMMIT is sent the answer is no, whatever broke. PostgreSQL commits an explicit
//     transaction on COMMIT alone; a lost client makes the backend abort. So a connection
//     that dies under the third INSERT of a transaction is a rejection, not a mystery.
//   - Once COMMIT, or a statement that commits by itself, may have left this process, only
//     the server's own complete word decides:
//   - an error of severity ERROR means that it aborted the transaction and lives to tell
//     (a deferred constraint, a serialization failure, a full disk);
//   - except SQLSTATE class 08 (connection exceptions) and 40003, "statement completion
//     unknown": their meaning is that the outcome is not known, at any severity;
//   - FATAL and PANIC say why the session ended, not what became of the transaction:
//     57P01 (admin shutdown) can be sent after the local commit, while the backend still
//     waits for a synchronous replica;
//   - COMMIT answered with ROLLBACK is a rejection, spelled as a success;
//   - an error before a single byte left this process is a rejection. We count the bytes
//     ourselves (see wire.go): pgx 5.12 calls a COMMIT whose answer was cut off "safe to
//     retry", because MultiResultReader.NextResult drops the error of its peek and then meets
//     its own closed connection. The flagship drill found it: a rename that was rejected by
//     that rule was in the database after the crash;
//   - anything else (EOF, reset, time-out) is indeterminate. A client's time-out does not
//     stop the server: the commit may still happen, seconds later.
//
// Nothing is ever retried here: a retry would turn one honest "don't know" into two writes.
func Classify(phase Phase, err error, sent bool) (Outcome, string) {
	if err == nil {
		return Committed, ""
	}
	code := errorCode(err)
	if phase == PhaseAcquire || phase == PhaseOpen || !sent {
		return Rejected, code
	}
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return Rejected, "commit-rolled-back"
	}
	var serverError *pgconn.PgError
	if errors.As(err, &serverError) {
		unknown := serverError.Code == "40003" || (len(serverError.Code) == 5 && serverError.Code[:2] == "08")
		if severity(serverError) == "ERROR" && !unknown {
			return Rejected, code
		}
		return Indeterminate, code
	}
	return Indeterminate, code
}

// severity prefers the field that the server never translates.
func severity(err *pgconn.PgError) string {
	if err.SeverityUnlocalized != "" {
		return err.SeverityUnlocalized
	}
	return err.Severity
}
