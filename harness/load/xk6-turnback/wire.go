package turnback

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// countingConn counts the bytes that were handed to the kernel: the only proof, independent
// of any driver's opinion, that a statement can or can't have reached the server.
type countingConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n)) // also when err is set: a part may have left
	return n, err
}

// countWrites makes every connection of a pool a countingConn.
func countWrites(config *pgxpool.Config, timeout time.Duration) {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 5 * time.Second}
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countingConn{Conn: conn}, nil
	}
}

// bytesSent is how much was written on a connection so far. Where that can't be told, it
// grows with every call, so that a comparison always says "something was sent".
func bytesSent(conn *pgxpool.Conn) int64 {
	if counting, ok := conn.Conn().PgConn().Conn().(*countingConn); ok {
		return counting.written.Load()
	}
	return unknownBytes.Add(1)
}

var unknownBytes atomic.Int64
