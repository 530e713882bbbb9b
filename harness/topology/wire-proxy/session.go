package main

import (
	"net"
	"strings"
	"sync"
)

// session is one client's connection. It knows which statement each answer belongs to, so
// that the answer of a chosen one can be swallowed: delivered to the server, executed, and
// never heard of again. This is the hardest question for a client's book-keeping.
type session struct {
	client, server net.Conn
	arm            *trap
	gate           *admission
	ended          bool // the gate's, under its lock

	mu         sync.Mutex
	statements map[string]string // prepared statements by name
	portals    map[string]string // bound portals by name
	executing  []pending         // sent, not yet answered, in order
	ready      bool              // logged in
}

// pending is one thing that the server will answer: a statement up to its
// CommandComplete (or error), or a Sync, or a simple query up to ReadyForQuery.
type pending struct {
	sql    string
	simple bool
	sync   bool
	doomed bool
}

func (s *session) close() {
	s.client.Close()
	s.server.Close()
}

// upstream forwards the client's messages and keeps track of what they execute.
func (s *session) upstream() {
	defer s.close()
	for {
		m, err := readMessage(s.client)
		if err != nil {
			return
		}
		if s.begins(m) && !s.gate.enter(s) {
			return
		}
		s.track(m)
		if _, err := s.server.Write(m.raw); err != nil {
			return
		}
	}
}

// begins tells whether a message may begin a transaction: anything after the log-in but a farewell.
func (s *session) begins(m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready && m.kind != 'X'
}

func (s *session) track(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m.kind {
	case 'P': // Parse: name, query
		name, rest := cString(m.body())
		sql, _ := cString(rest)
		s.statements[name] = sql
	case 'B': // Bind: portal, statement
		portal, rest := cString(m.body())
		name, _ := cString(rest)
		s.portals[portal] = s.statements[name]
	case 'C': // Close: 'S' or 'P', name
		if body := m.body(); len(body) > 1 && body[0] == 'S' {
			name, _ := cString(body[1:])
			delete(s.statements, name)
		}
	case 'E': // Execute: portal
		portal, _ := cString(m.body())
		s.push(pending{sql: s.portals[portal]})
	case 'Q': // simple query
		sql, _ := cString(m.body())
		s.push(pending{sql: sql, simple: true})
	case 'S': // Sync
		s.push(pending{sync: true})
	}
}

func (s *session) push(p pending) {
	if p.sql != "" {
		// Doomed when sent, not when answered: the trap counts statements, and a
		// concurrent session must not be doomed for the same one.
		p.doomed = s.arm.take(strings.TrimSpace(p.sql))
	}
	s.executing = append(s.executing, p)
}

// downstream forwards the server's answers. At the first message that answers a doomed
// statement's success, nothing more is forwarded and both sides are closed. An error answer is
// passed on: it proves that nothing was committed, so its loss would prove nothing.
func (s *session) downstream() {
	defer s.close()
	for {
		m, err := readMessage(s.server)
		if err != nil {
			return
		}
		if s.answers(m) {
			s.arm.confirm()
			return
		}
		idle := s.isIdle(m)
		if idle {
			s.gate.leave(s)
		}
		if _, err := s.client.Write(m.raw); err != nil {
			return
		}
		if idle {
			s.gate.rest(s)
		}
	}
}

// isIdle tells whether the server says that no transaction is open, with nothing on the way to it.
func (s *session) isIdle(m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.kind != 'Z' {
		return false
	}
	s.ready = true
	return len(m.body()) == 1 && m.body()[0] == 'I' && len(s.executing) == 0
}

// answers advances the queue; true when m is the answer that must not arrive.
func (s *session) answers(m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.executing) == 0 {
		return false
	}
	head := s.executing[0]
	switch m.kind {
	case 'C', 'I', 's': // CommandComplete, EmptyQueryResponse, PortalSuspended
		if head.sync {
			return false
		}
		if head.doomed {
			return true
		}
		if !head.simple {
			s.executing = s.executing[1:]
		}
	case 'E': // error: the server skips to the next Sync, or ends the simple query
		if head.doomed {
			s.arm.restore()
			s.executing[0].doomed = false
		}
		for len(s.executing) > 0 && !s.executing[0].sync && !s.executing[0].simple {
			s.executing = s.executing[1:]
		}
	case 'Z': // ReadyForQuery ends a Sync or a simple query
		s.executing = s.executing[1:]
	}
	return false
}
