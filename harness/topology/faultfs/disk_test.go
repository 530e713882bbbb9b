package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// mounted shows a fresh disk with one volume, "data". Without FUSE there is nothing to test here.
func mounted(t *testing.T) (*filesystem, string) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("no FUSE on this machine: ", err)
	}
	folder, at := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "files", "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := openDisk(folder)
	if err != nil {
		t.Fatal(err)
	}
	f, server, err := mount(d, at)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve()
	if err := server.WaitMount(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return f, filepath.Join(at, "data")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string, sync bool) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	_, err = file.WriteString(text)
	must(t, err)
	if sync {
		must(t, file.Sync())
	}
	must(t, file.Close())
}

func syncFolder(t *testing.T, path string) {
	t.Helper()
	folder, err := os.Open(path)
	must(t, err)
	must(t, folder.Sync())
	must(t, folder.Close())
}

// tree gives every file's text and every folder below a path.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if entry.IsDir() {
			all[name+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(path)
		all[name] = string(data)
		return err
	}))
	return all
}

func powerCut(t *testing.T, f *filesystem, tears bool, seed uint64) Cut {
	t.Helper()
	result, err := f.cutPower("data", tears, seed)
	must(t, err)
	return result
}

func TestAPowerCutTakesWhatWasNotSynced(t *testing.T) {
	f, at := mounted(t)
	write(t, at+"/kept", "kept", true)
	write(t, at+"/lost", "lost", false)
	file, err := os.OpenFile(at+"/kept", os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("LOST and more")
	must(t, err)
	must(t, file.Close())
	if got := f.disk.unsynced("data"); got.Bytes != 2*pageSize || got.Files != 2 || got.Changes != 1 {
		t.Errorf("unsynced: %+v", got)
	}
	if got := tree(t, at); got["/kept"] != "LOST and more" || got["/lost"] != "lost" {
		t.Errorf("before the cut processes see %v", got)
	}
	result := powerCut(t, f, false, 1)
	if got := tree(t, at); !maps.Equal(got, map[string]string{"/": "", "/kept": "kept"}) {
		t.Errorf("after the cut there is %v", got)
	}
	if result.LostBytes != int64(len("LOST and more")+len("lost")) || result.UndoneChanges != 1 {
		t.Errorf("the cut says %+v", result)
	}
	if got := f.disk.unsynced("data"); got != (Unsynced{}) {
		t.Errorf("after the cut there is still something unsynced: %+v", got)
	}
}

func TestSIGKILLAloneLosesNothing(t *testing.T) {
	_, at := mounted(t)
	write(t, at+"/file", "in the page cache", false)
	if got := tree(t, at)["/file"]; got != "in the page cache" {
		t.Errorf("read %q", got)
	}
}

func TestChangesOfFoldersAreUndone(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, at string){
		"unlink":            func(t *testing.T, at string) { must(t, os.Remove(at+"/a")) },
		"rename":            func(t *testing.T, at string) { must(t, os.Rename(at+"/a", at+"/c")) },
		"rename over":       func(t *testing.T, at string) { must(t, os.Rename(at+"/a", at+"/b")) },
		"rename of folder":  func(t *testing.T, at string) { must(t, os.Rename(at+"/dir", at+"/other")) },
		"rename onto empty": func(t *testing.T, at string) { must(t, syscall.Rename(at+"/dir", at+"/empty")) },
		"mkdir":             func(t *testing.T, at string) { must(t, os.Mkdir(at+"/new", 0o700)) },
		"rmdir":             func(t *testing.T, at string) { must(t, os.Remove(at+"/empty")) },
		"remove all":        func(t *testing.T, at string) { must(t, os.RemoveAll(at+"/dir")) },
		"link":              func(t *testing.T, at string) { must(t, os.Link(at+"/a", at+"/link")) },
		"symlink":           func(t *testing.T, at string) { must(t, os.Symlink("a", at+"/symlink")) },
		"replace":           func(t *testing.T, at string) { must(t, os.Remove(at+"/a")); write(t, at+"/a", "another", false) },
		"truncate":          func(t *testing.T, at string) { must(t, os.Truncate(at+"/a", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			f, at := mounted(t)
			write(t, at+"/a", "text of a", true)
			write(t, at+"/b", "text of b", true)
			must(t, os.Mkdir(at+"/empty", 0o755))
			must(t, os.Mkdir(at+"/dir", 0o755))
			write(t, at+"/dir/inside", "inside", true)
			syncFolder(t, at)
			before := tree(t, at)
			change(t, at)
			if changed := tree(t, at); maps.Equal(changed, before) {
				t.Fatal("nothing changed")
			}
			powerCut(t, f, false, 1)
			if got := tree(t, at); !maps.Equal(got, before) {
				t.Errorf("after the cut there is %v", got)
			}
			if left, err := os.ReadDir(f.disk.trash); err != nil || len(left) > 0 {
				t.Errorf("the trash still holds %v (%v)", left, err)
			}
			change(t, at)
			changed := tree(t, at)
			must(t, syncTree(at))
			powerCut(t, f, false, 1)
			if got := tree(t, at); !maps.Equal(got, changed) {
				t.Errorf("what was synced is gone: %v", got)
			}
		})
	}
}

// syncTree syncs every file and folder.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if entry.IsDir() {
			file, err = os.Open(path)
		}
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}

// Chance changes, a torn cut: what is left is the state after some number of them, never a mixture.
func TestATornCutLeavesAMomentThatWas(t *testing.T) {
	for seed := range uint64(20) {
		f, at := mounted(t)
		random := rand.New(rand.NewPCG(seed, 2))
		moments := []map[string]string{tree(t, at)}
		for range 15 {
			name := func() string { return fmt.Sprintf("%s/%d", at, random.IntN(4)) }
			switch random.IntN(4) {
			case 0:
				file, err := os.OpenFile(name(), os.O_CREATE|os.O_WRONLY, 0o600) // empty: its content is not what is looked at
				must(t, err)
				must(t, file.Close())
			case 1:
				if err := os.Remove(name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			default:
				if err := os.Rename(name(), name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			moments = append(moments, tree(t, at))
		}
		powerCut(t, f, true, seed)
		got := tree(t, at)
		if !slices.ContainsFunc(moments, func(moment map[string]string) bool { return maps.Equal(moment, got) }) {
			t.Fatalf("seed %d: %v was never there", seed, got)
		}
	}
}

func TestVolumesHaveTheirOwnPower(t *testing.T) {
	f, data := mounted(t)
	other := filepath.Join(filepath.Dir(data), "other")
	must(t, os.Mkdir(other, 0o755))
	write(t, other+"/file", "unsynced", false)
	write(t, data+"/file", "unsynced", false)
	powerCut(t, f, false, 1)
	if got := tree(t, other)["/file"]; got != "unsynced" {
		t.Errorf("the other volume's file is %q", got)
	}
	if got := tree(t, data); len(got) != 1 {
		t.Errorf("the cut volume has %v", got)
	}
	write(t, data+"/moved", "moved", false)
	must(t, os.Rename(data+"/moved", other+"/moved"))
	powerCut(t, f, false, 1)
	if got := tree(t, other)["/moved"]; got != "moved" {
		t.Errorf("what was moved to another volume is %q", got)
	}
}

func TestAFileThatIsRemovedWhileOpen(t *testing.T) {
	f, at := mounted(t)
	write(t, at+"/file", "still here", true)
	file, err := os.Open(at + "/file")
	must(t, err)
	must(t, os.Remove(at+"/file"))
	syncFolder(t, at)
	got := make([]byte, 10)
	_, err = file.Read(got)
	must(t, err)
	if string(got) != "still here" {
		t.Errorf("read %q", got)
	}
	must(t, file.Close())
	powerCut(t, f, false, 1)
	if got := tree(t, at); len(got) != 1 {
		t.Errorf("there is %v", got)
	}
}
