package main

import "sync"

// everybody lets any number of transactions in.
const everybody = -1

// admission says how many clients' transactions may be under way at once. Who may not begin one waits, connected, and
// hears nothing; while it drains, connections end instead as soon as they are between transactions.
type admission struct {
	mu       sync.Mutex
	changed  *sync.Cond
	limit    int
	draining bool
	inside   map[*session]struct{}
	waiting  int
	idle     map[*session]struct{} // between transactions
}

func newAdmission() *admission {
	a := &admission{limit: everybody, inside: map[*session]struct{}{}, idle: map[*session]struct{}{}}
	a.changed = sync.NewCond(&a.mu)
	return a
}

// set changes how many may be inside, or drains; who waits is let in as far as that goes.
func (a *admission) set(limit int, draining bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.draining = limit, draining
	if draining {
		for s := range a.idle {
			s.close()
		}
	}
	a.changed.Broadcast()
}

// connect waits until a new connection may be made; false when there is none to be had.
func (a *admission) connect() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.limit == 0 && !a.draining {
		a.waiting++
		a.changed.Wait()
		a.waiting--
	}
	return !a.draining
}

// enter waits until a session may begin a transaction; false when it is to end instead.
func (a *admission) enter(s *session) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, already := a.inside[s]; already {
		return true
	}
	for !a.draining && !s.ended && a.limit != everybody && len(a.inside) >= a.limit {
		a.waiting++
		a.changed.Wait()
		a.waiting--
	}
	if a.draining || s.ended {
		return false
	}
	delete(a.idle, s)
	a.inside[s] = struct{}{}
	return true
}

// leave is the end of a session's transaction, before the client hears of it: then it may begin the next.
func (a *admission) leave(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.inside, s)
	a.changed.Broadcast()
}

// rest is what follows once the client has heard: only now may draining end the connection.
func (a *admission) rest(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.inside[s]; again || s.ended {
		return
	}
	if a.draining {
		s.close()
		return
	}
	a.idle[s] = struct{}{}
}

// end is the end of a session, wherever it is.
func (a *admission) end(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.ended = true
	delete(a.inside, s)
	delete(a.idle, s)
	a.changed.Broadcast()
}

// cut ends every session that is in a transaction.
func (a *admission) cut() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.inside {
		s.close()
	}
	return len(a.inside)
}

func (a *admission) counts() (inside, waiting int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.inside), a.waiting
}
