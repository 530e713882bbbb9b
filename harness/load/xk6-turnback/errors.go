package turnback

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// errorCode names an error in a word: a SQLSTATE, or what happened to the connection. The
// text of an error never reaches the ledger: it may quote data or a DSN.
func errorCode(err error) string {
	var serverError *pgconn.PgError
	if errors.As(err, &serverError) {
		return serverError.Code
	}
	var clientError *ClientAbort
	var networkError net.Error
	switch {
	case errors.As(err, &clientError):
		return "client-abort"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &networkError) && networkError.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "closed"
	case strings.Contains(err.Error(), "conn closed"):
		return "closed"
	default:
		return "other"
	}
}

// ClientAbort is a script's own decision to roll back: an exception in its transaction.
type ClientAbort struct{ Reason string }

func (e *ClientAbort) Error() string { return "the script aborted: " + e.Reason }
