package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is a writer that may be read while it is written to.
type lines struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.buffer.Write(b)
}

func (l *lines) probes(t *testing.T) []Probe {
	t.Helper()
	l.lock.Lock()
	defer l.lock.Unlock()
	var probes []Probe
	scanner := bufio.NewScanner(bytes.NewReader(l.buffer.Bytes()))
	for scanner.Scan() {
		var probe Probe
		if err := json.Unmarshal(scanner.Bytes(), &probe); err != nil {
			t.Fatal(err)
		}
		probes = append(probes, probe)
	}
	return probes
}

func probing(t *testing.T, address string, timeoutMs int64, during time.Duration) []Probe {
	t.Helper()
	var out lines
	p, err := NewProber(Settings{
		Targets:          []Target{{URL: fmt.Sprintf("postgres://app:secret@%s/app?sslmode=disable", address), Query: "select 1"}},
		StartMonotonicNs: "0", EveryMs: 10, TimeoutMs: timeoutMs,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	p.startNs = p.nowNs()
	go p.Run()
	time.Sleep(during)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	return out.probes(t)
}

func TestRefusedProbesAreDueAtFixedTimes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // nobody listens there now
	probes := probing(t, address, 200, 300*time.Millisecond)
	if len(probes) < 20 {
		t.Fatalf("%d probes in 300 ms, one each 10 ms is asked for", len(probes))
	}
	seen := map[int64]bool{}
	for _, probe := range probes {
		if probe.OK || probe.Code != "refused" {
			t.Fatalf("nobody listens, and a probe says %+v", probe)
		}
		if off := (probe.Due - probes[0].Due) % 10e6; off != 0 {
			t.Fatalf("a probe is due %d ns beside its time", off)
		}
		if seen[probe.Due] {
			t.Fatalf("two probes are due at %d", probe.Due)
		}
		seen[probe.Due] = true
	}
}

// Who is silent keeps all connections busy: the probes beyond them wait, and none waits unmeasured.
func TestSilenceIsMeasuredForEachProbe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // taken, and never answered
		}
	}()
	probes := probing(t, listener.Addr().String(), 100, 600*time.Millisecond)
	if len(probes) < 20 {
		t.Fatalf("%d probes came to an end in 600 ms", len(probes))
	}
	for _, probe := range probes {
		if waited := probe.End - probe.Due; probe.OK || probe.Code != "timeout" || waited < 99e6 {
			t.Fatalf("after %d ns without an answer a probe says %+v", waited, probe)
		}
	}
}

// serveUntil speaks as much of PostgreSQL's protocol as a probe needs, and says nothing more from a moment on.
func serveUntil(silent time.Time, conn net.Conn) {
	defer conn.Close()
	message := func(header int) error { // a message's length counts itself, and not the letter before it
		start := make([]byte, header)
		if _, err := io.ReadFull(conn, start); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(start[header-4:]))-4)
		return err
	}
	const ready = "Z\x00\x00\x00\x05I"
	for header, answer := 4, "R\x00\x00\x00\x08\x00\x00\x00\x00"+ready; message(header) == nil; header, answer = 5, "C\x00\x00\x00\x0dSELECT 1\x00"+ready {
		if time.Now().Before(silent) {
			_, _ = conn.Write([]byte(answer))
		}
	}
}

func TestWhoAnsweredAndFallsSilentIsTimedOut(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	silent := time.Now().Add(200 * time.Millisecond)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveUntil(silent, conn)
		}
	}()
	probes := probing(t, listener.Addr().String(), 100, 900*time.Millisecond)
	var answered, timedOut int
	ended := map[int64]bool{}
	for _, probe := range probes {
		ended[probe.Due] = true
		switch waited := probe.End - probe.Due; {
		case probe.OK:
			answered++
		case probe.Code == "timeout" && waited >= 99e6:
			timedOut++
		default:
			t.Fatalf("after %d ns a probe says %+v", waited, probe)
		}
	}
	if answered < 10 || timedOut < 10 {
		t.Fatalf("%d probes were answered, and %d timed out", answered, timedOut)
	}
	for due := probes[0].Due; due < probes[0].Due+400e6; due += 10e6 {
		if !ended[due] {
			t.Fatalf("the probe due at %d has not ended", due)
		}
	}
}

func TestAUrlThatIsNoneIsNotQuoted(t *testing.T) {
	_, err := NewProber(Settings{Targets: []Target{{URL: "postgres://app:secret@127.0.0.1:port/app"}}, StartMonotonicNs: "0"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("a URL with a password is refused with: %v", err)
	}
}
