package main

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

func frame(kind byte, body string) []byte {
	raw := make([]byte, 5, 5+len(body))
	raw[0] = kind
	binary.BigEndian.PutUint32(raw[1:], uint32(4+len(body)))
	return append(raw, body...)
}

// open starts a session between a test's client and a test's server.
func open(t *testing.T, arm *trap) (client, server net.Conn) { return openAt(t, arm, newAdmission()) }

func openAt(t *testing.T, arm *trap, gate *admission) (client, server net.Conn) {
	t.Helper()
	client, inner := net.Pipe()
	outer, server := net.Pipe()
	s := &session{client: inner, server: outer, arm: arm, gate: gate, statements: map[string]string{}, portals: map[string]string{}}
	go s.upstream()
	go func() { defer gate.end(s); s.downstream() }()
	t.Cleanup(func() { client.Close(); server.Close() })
	for _, c := range []net.Conn{client, server} {
		if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

func send(t *testing.T, c net.Conn, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if _, err := c.Write(f); err != nil {
			t.Error(err)
			return
		}
	}
}

func expect(t *testing.T, c net.Conn, kinds string) {
	t.Helper()
	for _, kind := range []byte(kinds) {
		m, err := readMessage(c)
		if err != nil || m.kind != kind {
			t.Fatalf("got %c %v, want %c", m.kind, err, kind)
		}
	}
}

func armed(t *testing.T, pattern string, times int) *trap {
	t.Helper()
	arm := &trap{}
	if err := arm.set(pattern, times); err != nil {
		t.Fatal(err)
	}
	return arm
}

func TestAStatementIsDeliveredAndItsAnswerSwallowed(t *testing.T) {
	arm := armed(t, "^commit", 1)
	client, server := open(t, arm)
	go send(t, client, frame('Q', "COMMIT\x00"))
	expect(t, server, "Q")
	go func() { _, _ = server.Write(append(frame('C', "COMMIT\x00"), frame('Z', "I")...)) }()
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client must see the connection end without a word, got %v", err)
	}
	if _, swallows := arm.counts(); swallows != 1 {
		t.Errorf("%d swallows counted, want 1", swallows)
	}
}

func TestWhatDoesNotMatchPassesUnchanged(t *testing.T) {
	client, server := open(t, armed(t, "^commit", 1))
	go send(t, client, frame('Q', "select 'commit'\x00"))
	expect(t, server, "Q")
	go send(t, server, frame('C', "SELECT 1\x00"), frame('Z', "I"))
	expect(t, client, "CZ")
}

func TestAPreparedStatementIsKnownByItsText(t *testing.T) {
	arm := armed(t, "^insert", 1)
	client, server := open(t, arm)
	go send(t, client, frame('P', "s1\x00insert into t values ($1)\x00\x00\x00"), frame('B', "\x00s1\x00"), frame('E', "\x00\x00\x00\x00\x00"), frame('S', ""))
	expect(t, server, "PBES")
	go func() {
		for _, f := range [][]byte{frame('1', ""), frame('2', ""), frame('C', "INSERT 0 1\x00"), frame('Z', "I")} {
			if _, err := server.Write(f); err != nil {
				return // the proxy has closed, as it should
			}
		}
	}()
	expect(t, client, "12")
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end of the connection", err)
	}
}

func TestAnErrorIsPassedOnAndTheTrapStaysSet(t *testing.T) {
	arm := armed(t, "^commit", 1)
	client, server := open(t, arm)
	go send(t, client, frame('Q', "commit\x00"))
	expect(t, server, "Q")
	go send(t, server, frame('E', "SERROR\x00\x00"), frame('Z', "I"))
	expect(t, client, "EZ")
	if _, swallows := arm.counts(); swallows != 0 || !arm.take("commit") {
		t.Error("a statement that failed by itself must not use up the trap")
	}
}

func TestAPipelineSwallowsTheRightAnswer(t *testing.T) {
	arm := armed(t, "^commit", 1)
	client, server := open(t, arm)
	go send(t, client, frame('Q', "begin\x00"), frame('Q', "commit\x00"))
	expect(t, server, "QQ")
	go func() {
		for _, f := range [][]byte{frame('C', "BEGIN\x00"), frame('Z', "T"), frame('C', "COMMIT\x00")} {
			if _, err := server.Write(f); err != nil {
				return
			}
		}
	}()
	expect(t, client, "CZ")
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end of the connection", err)
	}
}

func TestAPatternThatIsNoRegularExpressionIsRefused(t *testing.T) {
	if (&trap{}).set("(", 1) == nil {
		t.Error("want an error")
	}
}
