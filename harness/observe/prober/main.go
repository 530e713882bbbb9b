// The independent probes: an open loop that asks the database at fixed times, whatever it answers.
//
// The settings come as one line of JSON on the standard input, which stays open: when it ends,
// the harness is gone, and so is the prober. Each probe is a line of JSON, in the file that the
// settings name and on the standard output; there, too, is when the prober itself was not run.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"turnback.dev/standstill"
)

// Settings of one run. Times are in milliseconds, but for the start of the run's clock.
type Settings struct {
	// Targets are asked all at once by each probe.
	Targets          []Target `json:"targets"`
	File             string   `json:"file"`
	StartMonotonicNs string   `json:"startMonotonicNs"`
	EveryMs          int64    `json:"everyMs"`
	TimeoutMs        int64    `json:"timeoutMs"`
}

// Target is a database and what it is asked.
type Target struct {
	URL   string `json:"url"`
	Query string `json:"query"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "prober:", err)
		os.Exit(1)
	}
}

func run() error {
	runtime.GOMAXPROCS(1) // enough for probes; another one would be woken for each of them, to find nothing to do
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("no settings on the standard input: %w", err)
	}
	var settings Settings
	if err := json.Unmarshal(line, &settings); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	file, err := os.OpenFile(settings.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	prober, err := NewProber(settings, file, os.Stdout)
	if err != nil {
		return err
	}
	go prober.Run()
	go standstill.Watch(prober.nowNs, nil, func(span standstill.Span) { _ = json.NewEncoder(os.Stdout).Encode(span) })
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	orphaned := make(chan struct{})
	go func() {
		_, _ = input.ReadByte() // nothing more is sent: this returns when the harness is gone
		close(orphaned)
	}()
	select {
	case <-told:
	case <-orphaned:
	case err := <-prober.Failed:
		return err
	}
	return prober.Stop()
}
