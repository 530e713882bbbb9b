package main

// entryName is one entry of a folder.
type entryName struct {
	parent *node
	name   string
}

// change is one change of folders that is on the disk only once the journal is committed.
type change struct {
	entries []entryName // which it changed
	undo    func() error
	forget  func() // what was kept for the undoing is not needed any more
}

// journal holds the changes of directories since the last commit, in their order. As with ext4, any fsync commits all of
// them, and a power cut loses those after some moment, never one from between.
type journal struct {
	changes   []change
	committed uint64 // how many were ever committed
}

// add gives the number of the change: it is durable once that many are committed.
func (j *journal) add(c change) uint64 {
	j.changes = append(j.changes, c)
	return j.committed + uint64(len(j.changes))
}

func (j *journal) commit() {
	for _, c := range j.changes {
		c.forget()
	}
	j.committed += uint64(len(j.changes))
	j.changes = nil
}

// cut undoes all changes but the first `surviving`, the last one first, and commits those. Gives what it undid.
func (j *journal) cut(surviving int) ([]change, error) {
	var undone []change
	for len(j.changes) > surviving {
		last := j.changes[len(j.changes)-1]
		if err := last.undo(); err != nil {
			return undone, err
		}
		undone = append(undone, last)
		j.changes = j.changes[:len(j.changes)-1]
	}
	j.commit()
	return undone, nil
}
