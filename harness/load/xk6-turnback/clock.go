package turnback

import "golang.org/x/sys/unix"

// monotonicNs reads CLOCK_MONOTONIC, the clock that Node's process.hrtime reads too, so that
// the ledger and the harness's timeline share one axis without any synchronisation.
func monotonicNs() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("CLOCK_MONOTONIC cannot be read: " + err.Error())
	}
	return ts.Nano()
}

// Clock gives nanoseconds since the run's start.
type Clock struct{ startNs int64 }

func (c Clock) Now() int64 { return monotonicNs() - c.startNs }
