package standstill

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func monotonic() func() int64 {
	start := time.Now()
	return func() int64 { return time.Since(start).Nanoseconds() }
}

func TestAClockThatLeapsIsAStandstill(t *testing.T) {
	readings := make(chan int64, 4)
	for _, ms := range []int64{0, 10, 1_510, 1_520} {
		readings <- ms * 1e6
	}
	done, told := make(chan struct{}), []Span{}
	Watch(func() int64 {
		if len(readings) == 1 {
			close(done)
		}
		return <-readings
	}, done, func(span Span) { told = append(told, span) })
	if len(told) != 1 || told[0] != (Span{10e6, 1_510e6}) {
		t.Fatalf("%v", told)
	}
}

// The test is its own paused process: it writes its standstills, and is stopped for 400 ms.
func TestAPausedProcessSaysSo(t *testing.T) {
	if os.Getenv("STANDSTILL_CHILD") != "" {
		monotonicNow, done, watched := monotonic(), make(chan struct{}), false
		time.AfterFunc(1_500*time.Millisecond, func() { close(done) })
		now := func() int64 {
			at := monotonicNow()
			if !watched {
				watched = true
				os.Stdout.WriteString("running\n") // whoever stops it from here on, stops what is watched
			}
			return at
		}
		Watch(now, done, func(span Span) {
			if span.To-span.From >= 350e6 {
				os.Stdout.WriteString("stood still\n")
			}
		})
		os.Exit(0)
	}
	for _, paused := range []bool{true, false} {
		child := exec.Command(os.Args[0], "-test.run", "TestAPausedProcessSaysSo")
		child.Env = append(os.Environ(), "STANDSTILL_CHILD=1")
		output, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said := make([]byte, 64)
		n, _ := output.Read(said)
		if string(said[:n]) != "running\n" {
			t.Fatalf("said %q", said[:n])
		}
		if paused {
			_ = child.Process.Signal(syscall.SIGSTOP)
			time.Sleep(400 * time.Millisecond)
			_ = child.Process.Signal(syscall.SIGCONT)
		}
		n, _ = output.Read(said)
		if got := string(said[:n]) == "stood still\n"; got != paused {
			t.Fatalf("paused: %v; said %q", paused, said[:n])
		}
		_ = child.Wait()
	}
}
