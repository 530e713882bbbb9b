package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// key is a file's identity on the disk below, whatever its names.
type key struct{ dev, ino uint64 }

// node is a file or folder that the kernel, a process or the journal knows. Its identity is held open, so renaming it, or
// what it lies in, doesn't disturb it.
type node struct {
	id      uint64
	key     key
	fd      int // O_PATH
	volume  *volume
	content *content // of a regular file, once it was opened
	born    uint64   // the number of the change that made it
	lookups uint64   // the kernel's
	uses    int      // open handles, and changes that may be undone
}

// path is a name by which the system calls reach the node itself.
func (n *node) path() string { return fmt.Sprintf("/proc/self/fd/%d", n.fd) }

// volume is one folder at the top of the mount: a server's disk. It has a journal of its own, and its power is cut alone.
type volume struct {
	name    string
	journal journal
}

// disk is everything below the mount point, as it is now and as a power cut would leave it.
type disk struct {
	files string // the folder that is shown
	trash string // what was removed or replaced, until the journal is committed

	power sync.RWMutex // operations share it, a power cut has it alone

	mu      sync.Mutex // what follows
	nodes   map[uint64]*node
	byKey   map[key]*node
	nextID  uint64
	volumes map[string]*volume
	trashed uint64

	rules rules
}

const rootID = 1

func openDisk(folder string) (*disk, error) {
	d := &disk{
		files: filepath.Join(folder, "files"), trash: filepath.Join(folder, "trash"),
		nodes: map[uint64]*node{}, byKey: map[key]*node{}, nextID: rootID, volumes: map[string]*volume{},
	}
	if err := os.MkdirAll(d.trash, 0o700); err != nil {
		return nil, err
	}
	fd, err := unix.Open(d.files, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	root, err := d.adopt(fd, d.volumeNamed(""))
	if err != nil {
		return nil, err
	}
	root.uses++ // never let go
	return d, nil
}

func (d *disk) volumeNamed(name string) *volume {
	if d.volumes[name] == nil {
		d.volumes[name] = &volume{name: name}
	}
	return d.volumes[name]
}

// volumeOf gives the volume of an entry of a folder.
func (d *disk) volumeOf(parent *node, name string) *volume {
	if parent.id == rootID {
		return d.volumeNamed(name)
	}
	return parent.volume
}

// adopt gives the node that an O_PATH descriptor refers to, and takes the descriptor over.
func (d *disk) adopt(fd int, v *volume) (*node, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		unix.Close(fd)
		return nil, err
	}
	k := key{uint64(stat.Dev), stat.Ino}
	if n := d.byKey[k]; n != nil {
		unix.Close(fd)
		n.volume = v
		return n, nil
	}
	n := &node{id: d.nextID, key: k, fd: fd, volume: v}
	d.nextID++
	d.nodes[n.id] = n
	d.byKey[k] = n
	return n, nil
}

// find opens an entry of a folder, and holds what it finds for one use.
func (d *disk) find(parent *node, name string) (*node, error) {
	fd, err := unix.Openat(parent.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return d.adopt(fd, d.volumeOf(parent, name))
}

// release forgets a node that nobody refers to, unless a power cut could still change it.
func (d *disk) release(n *node) {
	if n.lookups > 0 || n.uses > 0 {
		return
	}
	if n.content != nil {
		var stat unix.Stat_t
		removed := unix.Fstat(n.fd, &stat) == nil && stat.Nlink == 0
		if _, dirty := n.content.unsynced(); dirty && !removed {
			return
		}
		n.content.forget()
	}
	unix.Close(n.fd)
	delete(d.nodes, n.id)
	delete(d.byKey, n.key)
}

func (d *disk) hold(n *node)  { n.uses++ }
func (d *disk) letGo(n *node) { n.uses--; d.release(n) }

// contentOf opens a regular file's content.
func (n *node) contentOf() (*content, error) {
	if n.content != nil {
		return n.content, nil
	}
	file, err := os.OpenFile(n.path(), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	n.content, err = openContent(file)
	return n.content, err
}

// where is a node's path below the mount point, for the rules.
func (d *disk) where(n *node) string {
	path, err := os.Readlink(n.path())
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, d.files), "/")
}

// changed notes a change of entries in the journal. Their folders, and the node, are held for as long as it may be undone; what was
// kept for that is then removed.
func (d *disk) changed(v *volume, n *node, kept string, undo func() error, entries ...entryName) uint64 {
	d.hold(n)
	for _, e := range entries {
		d.hold(e.parent)
	}
	return v.journal.add(change{entries, undo, func() {
		if kept != "" {
			os.Remove(kept)
		}
		for _, e := range entries {
			d.letGo(e.parent)
		}
		d.letGo(n)
	}})
}

// intoTrash keeps an entry for the undoing of what replaces or removes it: a file by a second link, a folder by a move.
func (d *disk) intoTrash(parent *node, name string, n *node, isFolder bool) (string, error) {
	d.trashed++
	kept := filepath.Join(d.trash, fmt.Sprint(d.trashed))
	if isFolder {
		return kept, unix.Renameat(parent.fd, name, unix.AT_FDCWD, kept)
	}
	return kept, unix.Linkat(unix.AT_FDCWD, n.path(), unix.AT_FDCWD, kept, unix.AT_SYMLINK_FOLLOW)
}

// remove takes an entry away, a folder or anything else.
func (d *disk) remove(parent *node, name string, isFolder bool) error {
	n, err := d.find(parent, name)
	if err != nil {
		return err
	}
	defer d.release(n)
	if isFolder {
		if entries, err := os.ReadDir(n.path()); err != nil {
			return err
		} else if len(entries) > 0 {
			return syscall.ENOTEMPTY
		}
	}
	kept, err := d.intoTrash(parent, name, n, isFolder)
	if err != nil {
		return err
	}
	if !isFolder {
		if err := unix.Unlinkat(parent.fd, name, 0); err != nil {
			return err
		}
	}
	d.changed(d.volumeOf(parent, name), n, kept, func() error { return unix.Renameat(unix.AT_FDCWD, kept, parent.fd, name) }, entryName{parent, name})
	return nil
}

// rename moves an entry, over another one where there is one.
func (d *disk) rename(from *node, name string, to *node, newName string, flags uint32) error {
	if flags&^unix.RENAME_NOREPLACE != 0 {
		return syscall.EINVAL
	}
	source, target := d.volumeOf(from, name), d.volumeOf(to, newName)
	moved, err := d.find(from, name)
	if err != nil {
		return err
	}
	moved.volume = source // until it is moved
	defer d.release(moved)
	if source != target {
		return d.move(from, name, to, newName, flags, source, target)
	}
	kept := ""
	if old, err := d.find(to, newName); err == nil {
		if flags&unix.RENAME_NOREPLACE != 0 {
			d.release(old)
			return syscall.EEXIST
		}
		if old == moved {
			return nil
		}
		var stat unix.Stat_t
		if err := unix.Fstat(old.fd, &stat); err != nil {
			return err
		}
		isFolder := stat.Mode&unix.S_IFMT == unix.S_IFDIR
		if isFolder {
			err = d.remove(to, newName, true)
		} else {
			kept, err = d.intoTrash(to, newName, old, false)
		}
		d.release(old)
		if err != nil {
			return err
		}
	}
	if err := unix.Renameat(from.fd, name, to.fd, newName); err != nil {
		os.Remove(kept)
		return err
	}
	d.changed(source, moved, kept, func() error {
		if err := unix.Renameat(to.fd, newName, from.fd, name); err != nil || kept == "" {
			return err
		}
		return unix.Renameat(unix.AT_FDCWD, kept, to.fd, newName)
	}, entryName{from, name}, entryName{to, newName})
	return nil
}

// move brings an entry to another volume. Two disks have no common journal, so both are synced first.
func (d *disk) move(from *node, name string, to *node, newName string, flags uint32, volumes ...*volume) error {
	for _, v := range volumes {
		if err := d.syncAll(v); err != nil {
			return err
		}
	}
	return unix.Renameat2(from.fd, name, to.fd, newName, uint(flags))
}
