package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRules(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, test := range map[string]struct {
		rule Rule
		work func(at string) error
		want error
	}{
		"write":             {Rule{Operations: []string{"write"}, Error: "EIO"}, func(at string) error { return os.WriteFile(at+"/new", []byte("x"), 0o600) }, syscall.EIO},
		"another path":      {Rule{Under: "data/wal", Operations: []string{"write"}, Error: "EIO"}, func(at string) error { return os.WriteFile(at+"/new", []byte("x"), 0o600) }, nil},
		"read":              {Rule{Under: "data/file", Operations: []string{"read"}, Error: "EIO"}, func(at string) error { _, err := os.ReadFile(at + "/file"); return err }, syscall.EIO},
		"read-only":         {Rule{Operations: []string{"create"}, Error: "EROFS"}, func(at string) error { return os.Mkdir(at+"/new", 0o700) }, syscall.EROFS},
		"rename":            {Rule{Operations: []string{"rename"}, Error: "EROFS"}, func(at string) error { return os.Rename(at+"/file", at+"/new") }, syscall.EROFS},
		"remove":            {Rule{Operations: []string{"remove"}, Error: "EROFS"}, func(at string) error { return os.Remove(at + "/file") }, syscall.EROFS},
		"truncate":          {Rule{Operations: []string{"truncate"}, Error: "EROFS"}, func(at string) error { return os.Truncate(at+"/file", 0) }, syscall.EROFS},
		"full":              {Rule{Operations: []string{"extend"}, Error: "ENOSPC", AfterBytes: 5_000}, func(at string) error { return os.WriteFile(at+"/new", []byte(long), 0o600) }, syscall.ENOSPC},
		"room enough":       {Rule{Operations: []string{"extend"}, Error: "ENOSPC", AfterBytes: 10_000}, func(at string) error { return os.WriteFile(at+"/new", []byte(long), 0o600) }, nil},
		"full, overwriting": {Rule{Operations: []string{"extend"}, Error: "ENOSPC"}, func(at string) error { return overwrite(at + "/file") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, at := mounted(t)
			write(t, at+"/file", "the text of a file", true)
			must(t, f.disk.rules.set("rule", test.rule))
			if err := test.work(at); !errors.Is(err, test.want) {
				t.Errorf("got %v, not %v", err, test.want)
			}
			if hits, _ := f.disk.rules.hits("rule"); (hits > 0) != (test.want != nil) {
				t.Errorf("the rule has met %d operations", hits)
			}
			f.disk.rules.clear("rule")
			must(t, os.WriteFile(at+"/after", []byte("x"), 0o600))
		})
	}
}

func overwrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("THE")
	return errors.Join(err, file.Close())
}

func TestAnFsyncThatFailsOnceAndThenClaimsSuccess(t *testing.T) {
	f, at := mounted(t)
	write(t, at+"/file", "old", true)
	must(t, f.disk.rules.set("rule", Rule{Operations: []string{"fsync"}, Error: "EIO", Times: 1}))
	file, err := os.OpenFile(at+"/file", os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("new")
	must(t, err)
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the first fsync gave %v", err)
	}
	must(t, file.Sync())
	must(t, file.Close())
	if got := tree(t, at)["/file"]; got != "new" {
		t.Errorf("processes read %q", got)
	}
	powerCut(t, f, false, 1)
	if got := tree(t, at)["/file"]; got != "old" {
		t.Errorf("after the cut there is %q", got)
	}
}

func TestReadsThatLie(t *testing.T) {
	f, at := mounted(t)
	text := strings.Repeat("0123456789abcdef", 512)
	write(t, at+"/file", text, true)
	must(t, f.disk.rules.set("rule", Rule{Operations: []string{"read"}, Flip: true}))
	first, err := os.ReadFile(at + "/file")
	must(t, err)
	second, err := os.ReadFile(at + "/file")
	must(t, err)
	different := 0
	for i := range first {
		if first[i] != text[i] {
			different++
		}
	}
	if different == 0 || !bytes.Equal(first, second) {
		t.Errorf("%d bytes differ; the same each time: %v", different, bytes.Equal(first, second))
	}
	must(t, f.disk.rules.set("rule", Rule{Operations: []string{"read"}, Short: true}))
	file, err := os.Open(at + "/file")
	must(t, err)
	defer file.Close()
	n, err := file.Read(make([]byte, 1_000))
	must(t, err)
	if n != 500 {
		t.Errorf("a read of 1,000 bytes gave %d", n)
	}
}

func TestDelayAndStall(t *testing.T) {
	f, at := mounted(t)
	must(t, f.disk.rules.set("rule", Rule{Operations: []string{"create"}, DelayMs: 200}))
	started := time.Now()
	must(t, os.Mkdir(at+"/slow", 0o700))
	if took := time.Since(started); took < 200*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	must(t, f.disk.rules.set("rule", Rule{Operations: []string{"create"}, Stall: true}))
	done := make(chan error, 1)
	go func() { done <- os.Mkdir(at+"/stalled", 0o700) }()
	select {
	case err := <-done:
		t.Fatalf("it was not held: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	f.disk.rules.clear("rule")
	must(t, <-done)
}
