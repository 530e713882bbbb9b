package turnback

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// Effect is what an operation will have done to one logical record if it commits.
type Effect struct {
	Entity string          `json:"entity"`
	Key    string          `json:"key"`
	Kind   string          `json:"kind"` // insert, update, delete, add
	Value  json.RawMessage `json:"value"`
}

// Ledger keeps what clients were told. Two files, one JSON object a line:
//
//	intents.ndjson   {"seq","vu","op","intended","start","effects"}   before anything is sent
//	outcomes.ndjson  {"seq","acquired","end","outcome","phase","code","error"} after the answer
//
// Transactions on lists carry "mops" in their intent (what was asked) and "reads" in the
// outcome (the lists that were read, in order): a history for the isolation checker.
//
// An intent is handed to the kernel with one write(2) before the statement is sent, so a
// generator that is killed leaves a record of everything that can have reached the server:
// the page cache outlives the process. Outcomes are written the same way. One that is missing
// means "indeterminate", which weakens a claim and never invents one. A buffer would be faster
// by a few per cent, and would turn a killed generator's writes into phantoms.
type Ledger struct {
	intents  *appender
	outcomes *appender
}

// OpenLedger creates the two files in dir; onError is called once, at the first failed write.
func OpenLedger(dir string, onError func(error)) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	intents, err := newAppender(filepath.Join(dir, "intents.ndjson"), onError)
	if err != nil {
		return nil, err
	}
	outcomes, err := newAppender(filepath.Join(dir, "outcomes.ndjson"), onError)
	if err != nil {
		return nil, err
	}
	return &Ledger{intents: intents, outcomes: outcomes}, nil
}

// Intent records an operation about to start. An error means that it must not start.
func (l *Ledger) Intent(arrival Arrival, vu uint64, op string, startNs int64, effects []Effect, mops json.RawMessage) error {
	return l.intents.line(func(b []byte) []byte {
		b = appendHead(b, arrival.Seq)
		b = append(b, `,"vu":`...)
		b = strconv.AppendUint(b, vu, 10)
		b = append(b, `,"op":`...)
		b = appendString(b, op)
		b = append(b, `,"intended":`...)
		b = strconv.AppendInt(b, arrival.IntendedNs, 10)
		b = append(b, `,"start":`...)
		b = strconv.AppendInt(b, startNs, 10)
		b = append(b, `,"effects":[`...)
		for i, effect := range effects {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"entity":`...)
			b = appendString(b, effect.Entity)
			b = append(b, `,"key":`...)
			b = appendString(b, digested(effect.Key))
			b = append(b, `,"kind":"`...)
			b = append(b, effect.Kind...)
			b = append(b, `","value":`...)
			if len(effect.Value) == 0 {
				b = append(b, "null"...)
			} else {
				b = append(b, digestedValue(effect.Value)...)
			}
			b = append(b, '}')
		}
		b = append(b, ']')
		if len(mops) > 0 {
			b = append(append(b, `,"mops":`...), mops...)
		}
		return append(b, "}\n"...)
	})
}

// Outcome records how an operation ended. AcquiredNs is 0 when no connection was had; text is what the server said, where it may be kept.
func (l *Ledger) Outcome(seq, acquiredNs, endNs int64, outcome Outcome, phase Phase, code, text string, reads json.RawMessage) error {
	return l.outcomes.line(func(b []byte) []byte {
		b = appendHead(b, seq)
		b = append(b, `,"acquired":`...)
		b = strconv.AppendInt(b, acquiredNs, 10)
		b = append(b, `,"end":`...)
		b = strconv.AppendInt(b, endNs, 10)
		b = append(b, `,"outcome":"`...)
		b = append(b, outcome...)
		b = append(b, `","phase":"`...)
		b = append(b, phase...)
		b = append(b, `","code":`...)
		b = appendString(b, code)
		if text != "" {
			b = appendString(append(b, `,"error":`...), text)
		}
		if len(reads) > 0 {
			b = append(append(b, `,"reads":`...), reads...)
		}
		return append(b, "}\n"...)
	})
}

func appendHead(b []byte, seq int64) []byte {
	return strconv.AppendInt(append(b, `{"seq":`...), seq, 10)
}

func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // a Go string always marshals
		panic(err)
	}
	return append(b, quoted...)
}

// appender writes whole lines to a file opened with O_APPEND, from a buffer that it reuses.
type appender struct {
	mu      sync.Mutex
	file    *os.File
	buffer  []byte
	size    int64
	failed  error
	onError func(error)
}

func newAppender(path string, onError func(error)) (*appender, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return &appender{file: file, onError: onError}, nil
}

// line writes what build appends; after one failure it refuses everything, so that a ledger
// with a hole in it never looks complete.
func (a *appender) line(build func([]byte) []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil {
		return a.failed
	}
	a.buffer = build(a.buffer[:0])
	n, err := a.file.Write(a.buffer)
	if err != nil {
		// A full disk may have taken half the line: cut it off, so that every line is whole.
		if n > 0 {
			err = errors.Join(err, a.file.Truncate(a.size))
		}
		a.failed = fmt.Errorf("ledger: %w", err)
		a.onError(a.failed)
		return a.failed
	}
	a.size += int64(n)
	return nil
}
