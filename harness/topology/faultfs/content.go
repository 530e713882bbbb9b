package main

import (
	"os"
	"sort"
	"sync"
	"sync/atomic"
)

const (
	pageSize   = 4096
	sectorSize = 512 // what a disk writes whole or not at all
)

// mostHeld bounds the memory for what was not synced, over all files: beyond it a file that is written to is written
// back, as the kernel does.
const mostHeld = 1 << 30 / pageSize

// held counts the pages in memory.
var held atomic.Int64

// page is what was written and is not on the disk yet.
type page struct {
	data [pageSize]byte
	lost bool // a failed fsync forgot it: it is still read, and will never be written
}

// content is a regular file as processes see it: what is on the disk below, and above that what was not synced.
type content struct {
	mu     sync.Mutex
	disk   *os.File
	onDisk int64 // size of the file on the disk
	kept   int64 // how much of that still shows: less after a truncation
	size   int64
	pages  map[int64]*page
}

func openContent(disk *os.File) (*content, error) {
	c := &content{disk: disk, pages: map[int64]*page{}}
	return c, c.reread()
}

// reread takes the disk's state for the file's.
func (c *content) reread() error {
	stat, err := c.disk.Stat()
	if err != nil {
		return err
	}
	c.onDisk, c.kept, c.size = stat.Size(), stat.Size(), stat.Size()
	held.Add(-int64(len(c.pages)))
	clear(c.pages)
	return nil
}

// forget lets go of a file that nobody can reach any more.
func (c *content) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	held.Add(-int64(len(c.pages)))
	clear(c.pages)
	c.disk.Close()
}

func (c *content) length() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// unsynced gives the bytes that a power cut would lose, and whether there is anything at all to lose.
func (c *content) unsynced() (bytes int64, dirty bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(len(c.pages)) * pageSize, len(c.pages) > 0 || c.size != c.onDisk || c.kept != c.onDisk
}

// resized tells whether the size on the disk is not the size that processes see.
func (c *content) resized() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size != c.onDisk
}

func (c *content) readAt(into []byte, offset int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	length := int(max(0, min(int64(len(into)), c.size-offset)))
	for done := 0; done < length; {
		at := offset + int64(done)
		index, inside := at/pageSize, int(at%pageSize)
		part := into[done:min(length, done+pageSize-inside)]
		if p := c.pages[index]; p != nil {
			copy(part, p.data[inside:])
		} else if err := c.fromDisk(part, at); err != nil {
			return done, err
		}
		done += len(part)
	}
	return length, nil
}

// fromDisk reads what still shows of the disk, and zeros where nothing does.
func (c *content) fromDisk(into []byte, offset int64) error {
	there := int(max(0, min(int64(len(into)), c.kept-offset)))
	clear(into[there:])
	if there == 0 {
		return nil
	}
	_, err := c.disk.ReadAt(into[:there], offset)
	return err
}

func (c *content) writeAt(data []byte, offset int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for done := 0; done < len(data); {
		at := offset + int64(done)
		index, inside := at/pageSize, int(at%pageSize)
		p := c.pages[index]
		if p == nil {
			p = &page{}
			if err := c.fromDisk(p.data[:], index*pageSize); err != nil {
				return err
			}
			c.pages[index] = p
			held.Add(1)
		}
		done += copy(p.data[inside:], data[done:])
		p.lost = false
	}
	c.size = max(c.size, offset+int64(len(data)))
	if held.Load() > mostHeld {
		return c.writeBack()
	}
	return nil
}

func (c *content) truncate(size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if size < c.size {
		for index, p := range c.pages {
			if index*pageSize >= size {
				delete(c.pages, index)
				held.Add(-1)
			} else if end := size - index*pageSize; end < pageSize {
				clear(p.data[end:])
			}
		}
		c.kept = min(c.kept, size)
	}
	c.size = size
}

// sync brings everything to the disk, but for what an earlier failure has lost.
func (c *content) sync() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeBack()
}

func (c *content) writeBack() error {
	if c.kept < c.onDisk {
		if err := c.disk.Truncate(c.kept); err != nil {
			return err
		}
		c.onDisk = c.kept
	}
	for index, p := range c.pages {
		if p.lost {
			continue
		}
		at := index * pageSize
		if _, err := c.disk.WriteAt(p.data[:min(pageSize, c.size-at)], at); err != nil {
			return err
		}
		delete(c.pages, index)
		held.Add(-1)
	}
	if err := c.disk.Truncate(c.size); err != nil {
		return err
	}
	c.onDisk, c.kept = c.size, c.size
	return nil
}

// failSync is what Linux does when the disk refuses: nothing is written, and nothing remembers that it wasn't.
func (c *content) failSync() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pages {
		p.lost = true
	}
}

// cut is the end of the power: what was not synced is gone, but for the sectors that the disk happened to have written.
// Gives the bytes that were lost.
func (c *content) cut(survives func() bool) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	indices := make([]int64, 0, len(c.pages))
	for index := range c.pages {
		indices = append(indices, index)
	}
	sort.Slice(indices, func(i, j int) bool { return indices[i] < indices[j] }) // so that a seed gives the same cut
	var lost int64
	for _, index := range indices {
		p := c.pages[index]
		for from := int64(0); from < pageSize; from += sectorSize {
			at := index*pageSize + from
			length := min(sectorSize, c.size-at)
			if length <= 0 {
				break
			}
			if p.lost || !survives() {
				lost += length
				continue
			}
			if _, err := c.disk.WriteAt(p.data[from:from+length], at); err != nil {
				return lost, err
			}
		}
	}
	return lost, c.reread()
}
