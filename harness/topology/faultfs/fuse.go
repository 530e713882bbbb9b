package main

import (
	"errors"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// cachedFor is how long the kernel may remember names and sizes: all changes pass through it, and a power cut tells it what to
// forget. What files hold it never caches (see Open), so that every access meets the rules.
const cachedFor = 24 * time.Hour

// filesystem answers the kernel.
type filesystem struct {
	fuse.RawFileSystem
	disk    *disk
	server  *fuse.Server
	handles handles
}

func newFilesystem(d *disk) *filesystem {
	return &filesystem{RawFileSystem: fuse.NewDefaultRawFileSystem(), disk: d, handles: handles{open: map[uint64]*handle{}}}
}

func (f *filesystem) String() string { return "faultfs" }

func (f *filesystem) Init(server *fuse.Server) { f.server = server }

// cutPower ends a volume's power and has the kernel forget what it knew of it.
func (f *filesystem) cutPower(volume string, tears bool, seed uint64) (Cut, error) {
	result, old, err := f.disk.cut(volume, tears, seed)
	for _, e := range old.entries {
		f.server.EntryNotify(e.parent, e.name) // what it doesn't know it need not forget
	}
	for _, id := range old.nodes {
		f.server.InodeNotify(id, 0, 0)
	}
	return result, err
}

func status(err error) fuse.Status {
	var errno syscall.Errno
	switch {
	case err == nil:
		return fuse.OK
	case errors.As(err, &errno):
		return fuse.Status(errno)
	default:
		return fuse.EIO
	}
}

func (f *filesystem) node(id uint64) *node {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.disk.nodes[id]
}

// meet asks the rules; the path is looked up only when there are any.
func (f *filesystem) meet(operation string, n *node, name string, bytes int64, cancel <-chan struct{}) effect {
	if f.disk.rules.idle() {
		return effect{}
	}
	path := f.disk.where(n)
	if name != "" {
		path += "/" + name
	}
	return f.disk.rules.meet(operation, path, bytes, cancel)
}

// change is a change of a folder's entries: it meets the rules first, and then has the tables for itself.
func (f *filesystem) change(operation string, parentID uint64, name string, cancel <-chan struct{}, work func(parent *node) error) fuse.Status {
	parent := f.node(parentID)
	if parent == nil {
		return fuse.ENOENT
	}
	if met := f.meet(operation, parent, name, 0, cancel); met.errno != 0 {
		return fuse.Status(met.errno)
	}
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return status(work(parent))
}

func attributes(n *node, out *fuse.Attr) error {
	var stat syscall.Stat_t
	if err := syscall.Fstat(n.fd, &stat); err != nil {
		return err
	}
	out.FromStat(&stat)
	if n.content != nil {
		out.Size = uint64(n.content.length())
	}
	return nil
}

// entry tells the kernel of a node that it looked up or made.
func entry(n *node, out *fuse.EntryOut) error {
	n.lookups++
	out.NodeId = n.id
	out.Generation = 1
	out.SetEntryTimeout(cachedFor)
	out.SetAttrTimeout(cachedFor)
	return attributes(n, &out.Attr)
}

func (f *filesystem) Lookup(_ <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	parent := f.disk.nodes[header.NodeId]
	if parent == nil {
		return fuse.ENOENT
	}
	n, err := f.disk.find(parent, name)
	if err != nil {
		return status(err)
	}
	return status(entry(n, out))
}

func (f *filesystem) Forget(id, lookups uint64) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if n := f.disk.nodes[id]; n != nil {
		n.lookups -= lookups
		f.disk.release(n)
	}
}

func (f *filesystem) GetAttr(_ <-chan struct{}, input *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := f.disk.nodes[input.NodeId]
	if n == nil {
		return fuse.ENOENT
	}
	if input.NodeId != rootID { // the harness fills the disk from below before anybody uses it
		out.SetTimeout(cachedFor)
	}
	return status(attributes(n, &out.Attr))
}

func (f *filesystem) SetAttr(cancel <-chan struct{}, input *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	n := f.node(input.NodeId)
	if n == nil {
		return fuse.ENOENT
	}
	size, resizes := input.GetSize()
	if resizes {
		if met := f.meet("truncate", n, "", 0, cancel); met.errno != 0 {
			return fuse.Status(met.errno)
		}
	}
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if resizes {
		content, err := n.contentOf()
		if err != nil {
			return status(err)
		}
		content.truncate(int64(size))
	}
	if mode, ok := input.GetMode(); ok {
		if err := syscall.Chmod(n.path(), mode); err != nil {
			return status(err)
		}
	}
	uid, setsUser := input.GetUID()
	gid, setsGroup := input.GetGID()
	if setsUser || setsGroup {
		user, group := -1, -1
		if setsUser {
			user = int(uid)
		}
		if setsGroup {
			group = int(gid)
		}
		if err := unix.Fchownat(n.fd, "", user, group, unix.AT_EMPTY_PATH); err != nil {
			return status(err)
		}
	}
	mtime, setsModified := input.GetMTime()
	atime, setsAccessed := input.GetATime()
	if setsModified || setsAccessed {
		times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_OMIT}}
		if setsAccessed {
			times[0] = unix.NsecToTimespec(atime.UnixNano())
		}
		if setsModified {
			times[1] = unix.NsecToTimespec(mtime.UnixNano())
		}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, n.path(), times, 0); err != nil {
			return status(err)
		}
	}
	return status(attributes(n, &out.Attr))
}

// made is what follows when an entry was made: its owner, its node, and its place in the journal.
func (f *filesystem) made(parent *node, name string, caller fuse.Owner, isFolder bool) (*node, error) {
	if err := unix.Fchownat(parent.fd, name, int(caller.Uid), int(caller.Gid), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil, err
	}
	n, err := f.disk.find(parent, name)
	if err != nil {
		return nil, err
	}
	flags := 0
	if isFolder {
		flags = unix.AT_REMOVEDIR
	}
	n.born = f.disk.changed(n.volume, n, "", func() error { return unix.Unlinkat(parent.fd, name, flags) }, entryName{parent, name})
	return n, nil
}

// make is every way to make an entry that holds nothing yet.
func (f *filesystem) make(parentID uint64, name string, caller fuse.Owner, isFolder bool, cancel <-chan struct{}, out *fuse.EntryOut, call func(parent *node) error) fuse.Status {
	return f.change("create", parentID, name, cancel, func(parent *node) error {
		if err := call(parent); err != nil {
			return err
		}
		n, err := f.made(parent, name, caller, isFolder)
		if err != nil {
			return err
		}
		return entry(n, out)
	})
}

func (f *filesystem) Mkdir(cancel <-chan struct{}, input *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.make(input.NodeId, name, input.Owner, true, cancel, out, func(parent *node) error { return unix.Mkdirat(parent.fd, name, input.Mode) })
}

func (f *filesystem) Mknod(cancel <-chan struct{}, input *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.make(input.NodeId, name, input.Owner, false, cancel, out, func(parent *node) error {
		return unix.Mknodat(parent.fd, name, input.Mode, int(input.Rdev))
	})
}

func (f *filesystem) Symlink(cancel <-chan struct{}, header *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	return f.make(header.NodeId, name, header.Owner, false, cancel, out, func(parent *node) error { return unix.Symlinkat(target, parent.fd, name) })
}

func (f *filesystem) Link(cancel <-chan struct{}, input *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.change("create", input.NodeId, name, cancel, func(parent *node) error {
		n := f.disk.nodes[input.Oldnodeid]
		if n == nil {
			return syscall.ENOENT
		}
		if err := unix.Linkat(unix.AT_FDCWD, n.path(), parent.fd, name, unix.AT_SYMLINK_FOLLOW); err != nil {
			return err
		}
		f.disk.changed(f.disk.volumeOf(parent, name), n, "", func() error { return unix.Unlinkat(parent.fd, name, 0) }, entryName{parent, name})
		return entry(n, out)
	})
}

func (f *filesystem) Readlink(_ <-chan struct{}, header *fuse.InHeader) ([]byte, fuse.Status) {
	n := f.node(header.NodeId)
	if n == nil {
		return nil, fuse.ENOENT
	}
	target := make([]byte, unix.PathMax)
	length, err := unix.Readlinkat(n.fd, "", target)
	return target[:max(0, length)], status(err)
}

func (f *filesystem) Unlink(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return f.change("remove", header.NodeId, name, cancel, func(parent *node) error { return f.disk.remove(parent, name, false) })
}

func (f *filesystem) Rmdir(cancel <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return f.change("remove", header.NodeId, name, cancel, func(parent *node) error { return f.disk.remove(parent, name, true) })
}

func (f *filesystem) Rename(cancel <-chan struct{}, input *fuse.RenameIn, oldName, newName string) fuse.Status {
	return f.change("rename", input.NodeId, oldName, cancel, func(from *node) error {
		to := f.disk.nodes[input.Newdir]
		if to == nil {
			return syscall.ENOENT
		}
		return f.disk.rename(from, oldName, to, newName, input.Flags)
	})
}
