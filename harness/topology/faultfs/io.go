package main

import (
	"hash/fnv"
	"os"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

func (f *filesystem) Create(cancel <-chan struct{}, input *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	return f.change("create", input.NodeId, name, cancel, func(parent *node) error {
		fd, err := unix.Openat(parent.fd, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, input.Mode)
		if err != nil {
			return err
		}
		unix.Close(fd)
		n, err := f.made(parent, name, input.Owner, false)
		if err != nil {
			return err
		}
		if _, err := n.contentOf(); err != nil {
			return err
		}
		out.Fh, out.OpenFlags = f.opened(n, input.Flags), fuse.FOPEN_DIRECT_IO
		return entry(n, &out.EntryOut)
	})
}

func (f *filesystem) opened(n *node, flags uint32) uint64 {
	f.disk.hold(n)
	return f.handles.add(&handle{node: n, synced: flags&(unix.O_SYNC|unix.O_DSYNC) != 0})
}

func (f *filesystem) Open(_ <-chan struct{}, input *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := f.disk.nodes[input.NodeId]
	if n == nil {
		return fuse.ENOENT
	}
	content, err := n.contentOf()
	if err != nil {
		return status(err)
	}
	if input.Flags&unix.O_TRUNC != 0 {
		content.truncate(0)
	}
	out.Fh, out.OpenFlags = f.opened(n, input.Flags), fuse.FOPEN_DIRECT_IO
	return fuse.OK
}

func (f *filesystem) Read(cancel <-chan struct{}, input *fuse.ReadIn, buffer []byte) (fuse.ReadResult, fuse.Status) {
	h := f.handles.get(input.Fh)
	met := f.meet("read", h.node, "", int64(len(buffer)), cancel)
	if met.errno != 0 {
		return nil, fuse.Status(met.errno)
	}
	if met.short && len(buffer) > 1 {
		buffer = buffer[:len(buffer)/2]
	}
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	length, err := h.node.content.readAt(buffer, int64(input.Offset))
	if err != nil {
		return nil, status(err)
	}
	if met.flip && length > 0 {
		at := place(h.node.key, input.Offset) % uint64(length)
		buffer[at] ^= 1
	}
	return fuse.ReadResultData(buffer[:length]), fuse.OK
}

// place is a number that is the same for the same part of the same file.
func place(k key, offset uint64) uint64 {
	hash := fnv.New64a()
	for _, part := range []uint64{k.dev, k.ino, offset} {
		for ; part > 0; part >>= 8 {
			hash.Write([]byte{byte(part)})
		}
	}
	return hash.Sum64()
}

func (f *filesystem) Write(cancel <-chan struct{}, input *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	h := f.handles.get(input.Fh)
	if met := f.meet("write", h.node, "", int64(len(data)), cancel); met.errno != 0 {
		return 0, fuse.Status(met.errno)
	}
	if grows := int64(input.Offset) + int64(len(data)) - h.node.content.length(); grows > 0 {
		if met := f.meet("extend", h.node, "", grows, cancel); met.errno != 0 {
			return 0, fuse.Status(met.errno)
		}
	}
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	if err := h.node.content.writeAt(data, int64(input.Offset)); err != nil {
		return 0, status(err)
	}
	if h.synced {
		if err := f.disk.syncOne(h.node, true); err != nil {
			return 0, status(err)
		}
	}
	return uint32(len(data)), fuse.OK
}

func (f *filesystem) Fallocate(cancel <-chan struct{}, input *fuse.FallocateIn) fuse.Status {
	if input.Mode != 0 {
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	h := f.handles.get(input.Fh)
	grows := int64(input.Offset+input.Length) - h.node.content.length()
	if grows <= 0 {
		return fuse.OK
	}
	if met := f.meet("extend", h.node, "", grows, cancel); met.errno != 0 {
		return fuse.Status(met.errno)
	}
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	h.node.content.truncate(max(h.node.content.length(), int64(input.Offset+input.Length)))
	return fuse.OK
}

func (f *filesystem) Fsync(cancel <-chan struct{}, input *fuse.FsyncIn) fuse.Status {
	n := f.handles.get(input.Fh).node
	met := f.meet("fsync", n, "", 0, cancel)
	f.disk.power.RLock()
	defer f.disk.power.RUnlock()
	if met.errno != 0 {
		if met.lost && n.content != nil {
			n.content.failSync()
		}
		return fuse.Status(met.errno)
	}
	return status(f.disk.syncOne(n, input.FsyncFlags&1 != 0))
}

func (f *filesystem) FsyncDir(cancel <-chan struct{}, input *fuse.FsyncIn) fuse.Status {
	return f.Fsync(cancel, input)
}

// Flush has nothing to do, and says so: the kernel doesn't ask again.
func (f *filesystem) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

func (f *filesystem) Release(_ <-chan struct{}, input *fuse.ReleaseIn) { f.closed(input.Fh) }
func (f *filesystem) ReleaseDir(input *fuse.ReleaseIn)                 { f.closed(input.Fh) }

func (f *filesystem) closed(id uint64) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if h := f.handles.remove(id); h != nil {
		f.disk.letGo(h.node)
	}
}

func (f *filesystem) OpenDir(_ <-chan struct{}, input *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := f.disk.nodes[input.NodeId]
	if n == nil {
		return fuse.ENOENT
	}
	out.Fh = f.opened(n, 0)
	return fuse.OK
}

func (f *filesystem) ReadDir(_ <-chan struct{}, input *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	h := f.handles.get(input.Fh)
	if input.Offset == 0 || h.entries == nil {
		list, err := os.ReadDir(h.node.path())
		if err != nil {
			return status(err)
		}
		h.entries = []fuse.DirEntry{{Name: ".", Mode: syscall.S_IFDIR}, {Name: "..", Mode: syscall.S_IFDIR}}
		for _, e := range list {
			h.entries = append(h.entries, fuse.DirEntry{Name: e.Name(), Mode: kind(e.Type())})
		}
	}
	for i := int(input.Offset); i < len(h.entries); i++ {
		e := h.entries[i]
		e.Off = uint64(i + 1)
		if !out.AddDirEntry(e) {
			break
		}
	}
	return fuse.OK
}

func kind(mode os.FileMode) uint32 {
	switch {
	case mode.IsDir():
		return syscall.S_IFDIR
	case mode&os.ModeSymlink != 0:
		return syscall.S_IFLNK
	case mode&os.ModeSocket != 0:
		return syscall.S_IFSOCK
	case mode&os.ModeNamedPipe != 0:
		return syscall.S_IFIFO
	default:
		return syscall.S_IFREG
	}
}

func (f *filesystem) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(f.disk.files, &stat); err != nil {
		return status(err)
	}
	out.FromStatfsT(&stat)
	return fuse.OK
}
