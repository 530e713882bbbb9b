package main

import (
	"errors"
	"net"
	"sync"
	"time"
)

// dialWithin bounds a connection attempt: a dead machine answers nothing at all.
const dialWithin = 5 * time.Second

var errNowhere = errors.New("led nowhere")

// route says where connections lead now. When that changes, those that lead elsewhere end.
type route struct {
	mu       sync.Mutex
	upstream string // empty: nowhere, everybody is refused
	open     map[net.Conn]struct{}
}

func newRoute(upstream string) *route {
	return &route{upstream: upstream, open: map[net.Conn]struct{}{}}
}

// lead changes the way; when it returns, no connection leads elsewhere any more.
func (r *route) lead(upstream string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.upstream = upstream
	for conn := range r.open {
		conn.Close()
	}
	clear(r.open)
}

// dial connects to where the route leads, also if that changes meanwhile.
func (r *route) dial() (net.Conn, error) {
	r.mu.Lock()
	to := r.upstream
	r.mu.Unlock()
	if to == "" {
		return nil, errNowhere
	}
	conn, err := net.DialTimeout("tcp", to, dialWithin)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.upstream != to {
		conn.Close()
		return nil, errNowhere
	}
	r.open[conn] = struct{}{}
	return conn, nil
}

// forget ends a connection that this route has dialled.
func (r *route) forget(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, conn)
	conn.Close()
}
