package main

import (
	"encoding/binary"
	"errors"
	"io"
)

// message is one message of PostgreSQL's protocol 3 after the start-up phase.
// Source: PostgreSQL documentation, "Message Formats".
type message struct {
	kind byte
	raw  []byte // kind, length and body, as on the wire
}

func (m message) body() []byte { return m.raw[5:] }

var errTooLong = errors.New("message longer than 1 GiB: not PostgreSQL's protocol")

func readMessage(r io.Reader) (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > 1<<30 {
		return message{}, errTooLong
	}
	raw := make([]byte, 1+length)
	copy(raw, head[:])
	if _, err := io.ReadFull(r, raw[5:]); err != nil {
		return message{}, err
	}
	return message{kind: head[0], raw: raw}, nil
}

const (
	codeSSL    = 80877103
	codeGSS    = 80877104
	codeCancel = 80877102
)

// readStartup reads the one message that has no type byte.
func readStartup(r io.Reader) (code uint32, raw []byte, err error) {
	var head [4]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 8 || length > 1<<20 {
		return 0, nil, errTooLong
	}
	raw = make([]byte, length)
	copy(raw, head[:])
	if _, err = io.ReadFull(r, raw[4:]); err != nil {
		return 0, nil, err
	}
	return binary.BigEndian.Uint32(raw[4:8]), raw, nil
}

// cString cuts a zero-terminated string off the front of b.
func cString(b []byte) (string, []byte) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:]
		}
	}
	return string(b), nil
}
