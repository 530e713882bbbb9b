package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sys/unix"
)

// As many probes may be unanswered at once; those beyond wait, and their wait is measured.
const connections = 8

// Probe is one answer, or none; times in nanoseconds since the run's start.
type Probe struct {
	Due  int64  `json:"due"`
	End  int64  `json:"end"`
	OK   bool   `json:"ok"`
	Code string `json:"code,omitempty"`
}

// Prober asks at fixed times.
type Prober struct {
	// Failed says once why probes can't be recorded.
	Failed chan error

	settings Settings
	configs  []*pgconn.Config
	timeout  time.Duration
	startNs  int64
	outputs  io.Writer

	lock    sync.Mutex
	waiting []int64
	idle    [][]*pgconn.PgConn
	open    int
	stopped bool

	writing sync.Mutex
}

// NewProber reads the targets' URLs. @return an error for one that is none
func NewProber(settings Settings, outputs ...io.Writer) (*Prober, error) {
	startNs, err := strconv.ParseInt(settings.StartMonotonicNs, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("startMonotonicNs: %w", err)
	}
	p := &Prober{Failed: make(chan error, 1), settings: settings, startNs: startNs, timeout: time.Duration(settings.TimeoutMs) * time.Millisecond, outputs: io.MultiWriter(outputs...)}
	for _, target := range settings.Targets {
		config, err := pgconn.ParseConfig(target.URL)
		if err != nil {
			return nil, errors.New("a target's URL is none") // the URL holds a password
		}
		config.RuntimeParams["application_name"] = "turnback-probe"
		p.configs = append(p.configs, config)
	}
	return p, nil
}

// nowNs reads CLOCK_MONOTONIC, as Node's process.hrtime does: one axis without synchronisation.
func (p *Prober) nowNs() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("CLOCK_MONOTONIC cannot be read: " + err.Error())
	}
	return ts.Nano() - p.startNs
}

// Run makes probes due until it is stopped; also those that a late wake-up passed over.
func (p *Prober) Run() {
	every := p.settings.EveryMs * 1e6
	for due := p.nowNs(); ; due += every {
		if wait := due - p.nowNs(); wait > 0 {
			time.Sleep(time.Duration(wait))
		}
		p.lock.Lock()
		if p.stopped {
			p.lock.Unlock()
			return
		}
		p.waiting = append(p.waiting, due)
		p.lock.Unlock()
		p.next()
	}
}

// Stop ends the loop, and what is connected.
func (p *Prober) Stop() error {
	p.lock.Lock()
	p.stopped = true
	idle := p.idle
	p.lock.Unlock()
	for _, conns := range idle {
		closeAll(conns)
	}
	return nil
}

// next serves what waits, as far as there are connections.
func (p *Prober) next() {
	for {
		p.lock.Lock()
		if len(p.waiting) == 0 || p.stopped {
			p.lock.Unlock()
			return
		}
		due := p.waiting[0]
		// A probe that waited past its time-out got its answer: none.
		if p.nowNs()-due > p.timeout.Nanoseconds() {
			p.waiting = p.waiting[1:]
			p.lock.Unlock()
			p.finish(due, context.DeadlineExceeded)
			continue
		}
		var conns []*pgconn.PgConn
		if n := len(p.idle); n > 0 {
			conns, p.idle = p.idle[n-1], p.idle[:n-1]
		} else if p.open < connections {
			p.open++
		} else {
			p.lock.Unlock()
			return
		}
		p.waiting = p.waiting[1:]
		p.lock.Unlock()
		go p.serve(due, conns)
	}
}

// serve asks each target, on the given connections or new ones, and gives them back when all have answered.
func (p *Prober) serve(due int64, conns []*pgconn.PgConn) {
	asked := make([]*pgconn.PgConn, len(p.configs))
	copy(asked, conns)
	errs := make([]error, len(asked))
	var others sync.WaitGroup
	for i := 1; i < len(asked); i++ {
		others.Go(func() { asked[i], errs[i] = p.ask(i, asked[i]) })
	}
	asked[0], errs[0] = p.ask(0, asked[0])
	others.Wait()
	err := errors.Join(errs...)
	p.finish(due, err)
	p.lock.Lock()
	kept := err == nil && !p.stopped
	if kept {
		p.idle = append(p.idle, asked)
	} else {
		p.open--
	}
	p.lock.Unlock()
	if !kept {
		closeAll(asked)
	}
	p.next()
}

// ask connects if need be, and asks one target. Each of the two has the whole time-out.
func (p *Prober) ask(i int, conn *pgconn.PgConn) (*pgconn.PgConn, error) {
	if conn == nil {
		connecting, cancel := context.WithTimeout(context.Background(), p.timeout)
		defer cancel()
		var err error
		if conn, err = pgconn.ConnectConfig(connecting, p.configs[i]); err != nil {
			return nil, err
		}
	}
	// A context that ends would be watched by one more goroutine for each probe.
	if err := conn.Conn().SetDeadline(time.Now().Add(p.timeout)); err != nil {
		return conn, err
	}
	_, err := conn.Exec(context.Background(), p.settings.Targets[i].Query).ReadAll()
	return conn, err
}

func closeAll(conns []*pgconn.PgConn) {
	for _, conn := range conns {
		if conn == nil {
			continue
		}
		_ = conn.Conn().SetDeadline(time.Time{}) // the last question's is over
		closing, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		_ = conn.Close(closing)
		cancel()
	}
}

func (p *Prober) finish(due int64, err error) {
	probe := Probe{Due: due, End: p.nowNs(), OK: err == nil}
	if err != nil {
		probe.Code = codeOf(err)
	}
	line, err := json.Marshal(probe)
	if err == nil {
		p.writing.Lock()
		_, err = p.outputs.Write(append(line, '\n'))
		p.writing.Unlock()
	}
	if err != nil {
		select {
		case p.Failed <- err:
		default:
		}
	}
}

// codeOf names an error in a word: a SQLSTATE, or what happened to the connection.
func codeOf(err error) string {
	var server *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &server):
		return server.Code
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "closed"
	default:
		return "other"
	}
}
