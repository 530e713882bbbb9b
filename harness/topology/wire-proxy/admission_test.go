package main

import (
	"io"
	"net"
	"testing"
	"time"
)

// loggedIn opens a session that is between transactions.
func loggedIn(t *testing.T, gate *admission) (client, server net.Conn) {
	t.Helper()
	client, server = openAt(t, &trap{}, gate)
	go func() { _, _ = server.Write(frame('Z', "I")) }()
	expect(t, client, "Z")
	return client, server
}

func query(client net.Conn, sql string) { go func() { _, _ = client.Write(frame('Q', sql+"\x00")) }() }

func answer(server net.Conn, state string) {
	go func() { _, _ = server.Write(append(frame('C', "x\x00"), frame('Z', state)...)) }()
}

// silent tells that nothing arrives.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == io.EOF {
		t.Fatalf("%d bytes came, %v", n, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out after 5 s waiting for %s", what)
		}
	}
}

func inside(gate *admission, n int) func() bool {
	return func() bool { got, _ := gate.counts(); return got == n }
}

func TestHeldTransactionsWaitAndOpenOnesEnd(t *testing.T) {
	gate := newAdmission()
	client, server := loggedIn(t, gate)
	query(client, "begin")
	expect(t, server, "Q")
	answer(server, "T")
	expect(t, client, "CZ")
	gate.set(0, false)
	query(client, "commit") // it is inside, and may come to its end
	expect(t, server, "Q")
	answer(server, "I")
	expect(t, client, "CZ")
	eventually(t, "nobody is inside", inside(gate, 0))
	query(client, "begin")
	silent(t, server)
	if _, waiting := gate.counts(); waiting != 1 {
		t.Errorf("%d wait", waiting)
	}
	gate.set(everybody, false)
	expect(t, server, "Q")
}

func TestNoMoreThanTheLimitAreInside(t *testing.T) {
	gate := newAdmission()
	gate.set(1, false)
	a, aServer := loggedIn(t, gate)
	b, bServer := loggedIn(t, gate)
	query(a, "begin")
	expect(t, aServer, "Q")
	query(b, "begin")
	silent(t, bServer)
	answer(aServer, "I")
	expect(t, a, "CZ")
	expect(t, bServer, "Q")
}

func TestASessionThatEndsGivesItsPlaceBack(t *testing.T) {
	gate := newAdmission()
	gate.set(1, false)
	a, aServer := loggedIn(t, gate)
	b, bServer := loggedIn(t, gate)
	query(a, "begin")
	expect(t, aServer, "Q")
	query(b, "begin")
	silent(t, bServer)
	a.Close()
	expect(t, bServer, "Q")
}

func TestDrainingEndsConnectionsBetweenTransactions(t *testing.T) {
	gate := newAdmission()
	idle, _ := loggedIn(t, gate)
	busy, server := loggedIn(t, gate)
	query(busy, "begin")
	expect(t, server, "Q")
	answer(server, "T")
	expect(t, busy, "CZ")
	gate.set(0, true)
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %v", err)
	}
	query(busy, "commit")
	expect(t, server, "Q")
	answer(server, "I")
	expect(t, busy, "CZ")
	if _, err := busy.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection after its transaction: %v", err)
	}
	if gate.connect() {
		t.Error("a new connection was admitted while draining")
	}
}

func TestNewConnectionsWaitWhileEverybodyIsHeld(t *testing.T) {
	gate := newAdmission()
	gate.set(0, false)
	admitted := make(chan bool, 1)
	go func() { admitted <- gate.connect() }()
	select {
	case <-admitted:
		t.Fatal("it was not held")
	case <-time.After(50 * time.Millisecond):
	}
	gate.set(2, false)
	if !<-admitted {
		t.Error("it was refused")
	}
}

func TestCutEndsThoseInATransaction(t *testing.T) {
	gate := newAdmission()
	idle, idleServer := loggedIn(t, gate)
	busy, server := loggedIn(t, gate)
	query(busy, "begin")
	expect(t, server, "Q")
	if gate.cut() != 1 {
		t.Error("it should have cut one")
	}
	if _, err := busy.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the open transaction: %v", err)
	}
	query(idle, "select 1")
	expect(t, idleServer, "Q")
}
