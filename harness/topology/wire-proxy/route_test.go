package main

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// server answers every connection with its name.
func server(t *testing.T, name string) string {
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
			_, _ = conn.Write([]byte(name + "\n"))
		}
	}()
	return listener.Addr().String()
}

func says(t *testing.T, conn net.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line
}

func TestAChangedRouteEndsWhoIsOnItAndLeadsTheNextElsewhere(t *testing.T) {
	way := newRoute(server(t, "first"))
	old, err := way.dial()
	if err != nil || says(t, old) != "first\n" {
		t.Fatalf("not led to the first server: %v", err)
	}
	way.lead(server(t, "second"))
	if _, err := old.Read(make([]byte, 1)); err == nil {
		t.Error("a connection to the old server is still open")
	}
	fresh, err := way.dial()
	if err != nil || says(t, fresh) != "second\n" {
		t.Errorf("not led to the second server: %v", err)
	}
}

func TestARouteThatLeadsNowhereRefuses(t *testing.T) {
	way := newRoute(server(t, "first"))
	way.lead("")
	if _, err := way.dial(); err != errNowhere {
		t.Errorf("got %v", err)
	}
}

func TestAForgottenConnectionIsClosed(t *testing.T) {
	way := newRoute(server(t, "first"))
	conn, err := way.dial()
	if err != nil {
		t.Fatal(err)
	}
	way.forget(conn)
	if _, err := conn.Read(make([]byte, 1)); err == nil || len(way.open) != 0 {
		t.Error("it is still open")
	}
}
