package turnback

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Config is what the harness asks of the generator, as JSON in the variable TURNBACK_LOAD.
type Config struct {
	// DSN of the database as clients reach it: through the proxy.
	DSN string `json:"dsn"`
	// Others are the DSNs of the system's other databases, by name.
	Others map[string]string `json:"others"`
	// ApplicationFile lists the addresses of the application's instances, as JSON, and is replaced when they change. Empty: none.
	ApplicationFile string `json:"applicationFile"`
	// LedgerDir is the folder of the ledger. Empty: no ledger, for the benchmark of its cost.
	LedgerDir string `json:"ledgerDir"`
	// StatsFd is the file descriptor to which the live figures are written. 0: none.
	StatsFd uintptr `json:"statsFd"`
	// RunStartNs is CLOCK_MONOTONIC at the run's start.
	RunStartNs string `json:"runStartNs"`
	// PerSecond is the rate of arrivals.
	PerSecond float64 `json:"perSecond"`
	// Poisson spaces the arrivals exponentially rather than evenly.
	Poisson bool `json:"poisson"`
	// Clients is the number of VUs: how many operations can be in flight.
	Clients int64 `json:"clients"`
	// Connections is the size of the shared pool of each database.
	Connections int32 `json:"connections"`
	// TimeoutMs bounds one operation, the wait for a connection included.
	TimeoutMs int64 `json:"timeoutMs"`
	// PatienceMs is how late an arrival may start before it counts as dropped.
	PatienceMs int64 `json:"patienceMs"`
	// SlowAfterMs is from when on, counted from its due time, an operation that was served counts as slow.
	SlowAfterMs int64 `json:"slowAfterMs"`
	// DurationMs ends the load by itself; 0: SIGUSR1 ends it.
	DurationMs int64 `json:"durationMs"`
	// Seed of everything random in the workload.
	Seed uint64 `json:"seed"`
}

func (c Config) timeout() time.Duration   { return time.Duration(c.TimeoutMs) * time.Millisecond }
func (c Config) patience() time.Duration  { return time.Duration(c.PatienceMs) * time.Millisecond }
func (c Config) slowAfter() time.Duration { return time.Duration(c.SlowAfterMs) * time.Millisecond }
func (c Config) duration() time.Duration  { return time.Duration(c.DurationMs) * time.Millisecond }

func readConfig() (Config, error) {
	raw := os.Getenv("TURNBACK_LOAD")
	if raw == "" {
		return Config{}, fmt.Errorf("TURNBACK_LOAD is not set: k6/x/turnback is started by `turnback run`; its fields are described in config.go")
	}
	var config Config
	if err := json.Unmarshal([]byte(raw), &config); err != nil {
		return Config{}, fmt.Errorf("TURNBACK_LOAD is not the JSON that it must be: %w", err)
	}
	if config.PerSecond <= 0 || config.Clients <= 0 || config.Connections <= 0 || config.TimeoutMs <= 0 {
		return Config{}, fmt.Errorf("TURNBACK_LOAD: perSecond, clients, connections and timeoutMs must be above 0")
	}
	return config, nil
}
