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

// errorCode names an error in a word: a SQLSTATE, or what happened to the connection.
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

// mostOfText bounds what the ledger keeps of a message.
const mostOfText = 200

// errorText is what a server says an operation was refused for, where that names objects of the schema or of the server alone: broken
// rules, wrong names, missing rights, read-only sessions; who may not come in, which database is missing, and of what there is too little.
// What else it says, and what any other error says, never reaches the ledger: it may quote
// data or a DSN. Of a value that its type refuses, the type is named and the value is cut off.
func errorText(err error) string {
	var serverError *pgconn.PgError
	if !errors.As(err, &serverError) || len(serverError.Code) != 5 || serverError.Code == "42601" { // a syntax error quotes the statement
		return ""
	}
	text := serverError.Message
	switch serverError.Code[:2] {
	case "0A", "23", "25", "28", "3D", "3F", "42", "53", "55", "57":
	case "22":
		text, _, _ = strings.Cut(text, `: "`)
	default:
		return ""
	}
	if len(text) > mostOfText {
		text = strings.ToValidUTF8(text[:mostOfText], "") + "..."
	}
	return text
}

// ClientAbort is a script's own decision to roll back: an exception in its transaction.
type ClientAbort struct{ Reason string }

func (e *ClientAbort) Error() string { return "the script aborted: " + e.Reason }
