package main

import (
	"math/rand/v2"
)

// sync brings everything of a volume to the disk.
func (d *disk) sync(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncAll(d.volumeNamed(name))
}

func (d *disk) syncAll(v *volume) error {
	for _, n := range d.nodesOf(v) {
		if n.content != nil {
			if err := n.content.sync(); err != nil {
				return err
			}
			d.release(n)
		}
	}
	v.journal.commit()
	return nil
}

// syncOne is an fsync of one file. Data alone leave the journal as it is, unless the file itself would not be found.
func (d *disk) syncOne(n *node, dataOnly bool) error {
	resized := n.content != nil && n.content.resized()
	if n.content != nil {
		if err := n.content.sync(); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if journal := &n.volume.journal; !dataOnly || resized || n.born > journal.committed {
		journal.commit()
	}
	return nil
}

func (d *disk) nodesOf(v *volume) []*node {
	var all []*node
	for id := uint64(rootID); id < d.nextID; id++ { // in an order that a seed can rely on
		if n := d.nodes[id]; n != nil && n.volume == v {
			all = append(all, n)
		}
	}
	return all
}

// Cut is what a power cut took.
type Cut struct {
	LostBytes     int64 `json:"lostBytes"`
	UndoneChanges int   `json:"undoneChanges"`
}

// stale is what the kernel may still have in its memory, and is not so any more.
type stale struct {
	nodes   []uint64
	entries []struct {
		parent uint64
		name   string
	}
}

// cut ends the power of a volume: nothing that was not synced is left or, when it tears, a chance part of it. Whoever calls it
// tells the kernel what is stale, with no lock held.
func (d *disk) cut(name string, tears bool, seed uint64) (Cut, stale, error) {
	d.power.Lock()
	defer d.power.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	random := rand.New(rand.NewPCG(seed, seed))
	survives := func() bool { return tears && random.IntN(2) == 0 }
	v := d.volumeNamed(name)
	var result Cut
	var old stale
	for _, n := range d.nodesOf(v) {
		old.nodes = append(old.nodes, n.id)
		if n.content == nil {
			continue
		}
		lost, err := n.content.cut(survives)
		if err != nil {
			return result, old, err
		}
		result.LostBytes += lost
		d.release(n)
	}
	surviving := 0
	if tears {
		surviving = random.IntN(len(v.journal.changes) + 1)
	}
	undone, err := v.journal.cut(surviving)
	result.UndoneChanges = len(undone)
	for _, c := range undone {
		for _, e := range c.entries {
			old.entries = append(old.entries, struct {
				parent uint64
				name   string
			}{e.parent.id, e.name})
		}
		c.forget()
	}
	return result, old, err
}

// Unsynced is what a power cut would take now.
type Unsynced struct {
	Bytes   int64 `json:"bytes"`
	Files   int   `json:"files"`
	Changes int   `json:"changes"`
}

func (d *disk) unsynced(name string) Unsynced {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.volumeNamed(name)
	result := Unsynced{Changes: len(v.journal.changes)}
	for _, n := range d.nodesOf(v) {
		if n.content == nil {
			continue
		}
		if bytes, dirty := n.content.unsynced(); dirty {
			result.Bytes += bytes
			result.Files++
		}
	}
	return result
}
