package main

import (
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// handle is an open file or folder.
type handle struct {
	node    *node
	synced  bool            // O_SYNC or O_DSYNC
	entries []fuse.DirEntry // of a folder, as it was when its reading began
}

type handles struct {
	mu   sync.Mutex
	open map[uint64]*handle
	last uint64
}

func (t *handles) add(h *handle) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.open[t.last] = h
	return t.last
}

func (t *handles) get(id uint64) *handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[id]
}

func (t *handles) remove(id uint64) *handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.open[id]
	delete(t.open, id)
	return h
}
