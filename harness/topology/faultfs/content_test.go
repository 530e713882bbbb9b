package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func newContent(t *testing.T, initial []byte) (*content, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, initial, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	c, err := openContent(file)
	if err != nil {
		t.Fatal(err)
	}
	return c, path
}

func whole(t *testing.T, c *content) []byte {
	t.Helper()
	into := make([]byte, c.length()+10) // more than there is
	n, err := c.readAt(into, 0)
	if err != nil {
		t.Fatal(err)
	}
	return into[:n]
}

func onDisk(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Chance operations against the plainest model there is: what is seen, and what is on the disk.
func TestContentAgainstAModel(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		seen := randomBytes(random, random.IntN(20_000))
		disk := bytes.Clone(seen)
		c, path := newContent(t, seen)
		for range 40 {
			switch random.IntN(6) {
			case 0, 1, 2:
				data := randomBytes(random, random.IntN(9_000))
				offset := random.IntN(25_000)
				if err := c.writeAt(data, int64(offset)); err != nil {
					t.Fatal(err)
				}
				if len(data) > 0 {
					seen = grown(seen, offset+len(data))
					copy(seen[offset:], data)
				} else {
					seen = grown(seen, min(len(seen), offset)) // nothing happens
					c.truncate(int64(len(seen)))
				}
			case 3:
				size := random.IntN(25_000)
				c.truncate(int64(size))
				seen = grown(seen[:min(size, len(seen))], size)
			case 4:
				if err := c.sync(); err != nil {
					t.Fatal(err)
				}
				disk = bytes.Clone(seen)
			case 5:
				if random.IntN(3) > 0 {
					break
				}
				if _, err := c.cut(func() bool { return false }); err != nil {
					t.Fatal(err)
				}
				seen = bytes.Clone(disk)
			}
			if got := whole(t, c); !bytes.Equal(got, seen) {
				t.Fatalf("seed %d: processes see %d bytes, not the %d of the model", seed, len(got), len(seen))
			}
			if got := onDisk(t, path); !bytes.Equal(got, disk) {
				t.Fatalf("seed %d: the disk holds %d bytes, not the %d that were synced", seed, len(got), len(disk))
			}
		}
	}
}

func randomBytes(random *rand.Rand, length int) []byte {
	data := make([]byte, length)
	for i := range data {
		data[i] = byte(random.IntN(256))
	}
	return data
}

func grown(data []byte, length int) []byte {
	if length <= len(data) {
		return data
	}
	return append(bytes.Clone(data), make([]byte, length-len(data))...)
}

func TestWhatIsHeldIsCounted(t *testing.T) {
	before := held.Load()
	c, _ := newContent(t, nil)
	expect := func(what string, pages int64) {
		t.Helper()
		if got := held.Load() - before; got != pages {
			t.Errorf("%s: %d pages are held, not %d", what, got, pages)
		}
	}
	ten := make([]byte, 10*pageSize)
	must(t, c.writeAt(ten, 0))
	must(t, c.writeAt(ten, 0))
	expect("written twice", 10)
	c.truncate(4 * pageSize)
	expect("truncated", 4)
	must(t, c.sync())
	expect("synced", 0)
	must(t, c.writeAt(ten, 0))
	if _, err := c.cut(func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	expect("cut", 0)
	must(t, c.writeAt(ten, 0))
	held.Add(mostHeld) // as if other files had filled the memory
	must(t, c.writeAt(ten[:1], 0))
	held.Add(-mostHeld)
	expect("written back", 0)
	must(t, c.writeAt(ten, 0))
	c.forget()
	expect("forgotten", 0)
}

func TestAFailedSyncForgetsWhatItDidNotWrite(t *testing.T) {
	c, path := newContent(t, bytes.Repeat([]byte("a"), 2*pageSize))
	if err := c.writeAt([]byte("new"), 0); err != nil {
		t.Fatal(err)
	}
	c.failSync()
	if err := c.sync(); err != nil {
		t.Fatal(err)
	}
	if got := whole(t, c)[:4]; string(got) != "newa" {
		t.Errorf("a process reads %q after the failure: the page cache still has what it wrote", got)
	}
	if got := onDisk(t, path)[:4]; string(got) != "aaaa" {
		t.Errorf("the sync after the failed one wrote %q", got)
	}
	if err := c.writeAt([]byte("again"), 0); err != nil {
		t.Fatal(err)
	}
	if err := c.sync(); err != nil {
		t.Fatal(err)
	}
	if got := onDisk(t, path)[:6]; string(got) != "againa" {
		t.Errorf("what was written anew was not synced: %q", got)
	}
}

func TestATornPageIsMadeOfWholeSectors(t *testing.T) {
	c, path := newContent(t, bytes.Repeat([]byte("a"), 2*pageSize))
	if err := c.writeAt(bytes.Repeat([]byte("b"), 2*pageSize), 0); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 7))
	lost, err := c.cut(func() bool { return random.IntN(2) == 0 })
	if err != nil {
		t.Fatal(err)
	}
	var old, fresh int64
	got := onDisk(t, path)
	for at := 0; at < len(got); at += sectorSize {
		switch sector := got[at : at+sectorSize]; {
		case bytes.Equal(sector, bytes.Repeat([]byte("a"), sectorSize)):
			old += sectorSize
		case bytes.Equal(sector, bytes.Repeat([]byte("b"), sectorSize)):
			fresh += sectorSize
		default:
			t.Fatalf("the sector at %d is neither old nor new", at)
		}
	}
	if old == 0 || fresh == 0 || old != lost {
		t.Errorf("%d bytes are old, %d new, and %d are said to be lost", old, fresh, lost)
	}
}
