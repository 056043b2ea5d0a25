package feature

import "slices"

// A partition puts rows or observations into parts by their keys' numbers, so
// that what a sweep keeps of one part's keys lies in a processor's caches. In a
// part all are in their own order. Those without a key come last, in no part.
type partition struct {
	// keys are the observations' keys by their numbers; a negative one is none.
	keys []int32
	// power is how many keys a part has, as a power of two.
	power int
	// starts are where the parts begin, and then those without a key.
	starts []int
}

// mostParts are few enough for all to be written, or read, side by side.
const mostParts = 256

// newPartition has parts for so many keys, in which nothing is yet.
func newPartition(count int) partition {
	var p partition
	for count>>p.power > mostParts {
		p.power++
	}
	p.starts = make([]int, count>>p.power+2)
	return p
}

// partitionObservations partitions observations by their keys.
func partitionObservations(keys []int32, count int) partition {
	p := newPartition(count)
	p.keys = keys
	for _, key := range keys {
		p.starts[p.part(key)]++
	}
	p.begin()
	return p
}

// begin turns how many things are in each part into where it starts.
func (p *partition) begin() {
	sum := 0
	for part, n := range p.starts {
		p.starts[part] = sum
		sum += n
	}
}

// part is the number of a key's part.
func (p *partition) part(key int32) int {
	if key < 0 {
		return len(p.starts) - 1
	}
	return int(key >> p.power)
}

// within is a key's number among those of its part.
func (p *partition) within(key int32) int32 { return key & (1<<p.power - 1) }

// places go through the observations, with the place of each among all parts.
func (p *partition) places(yield func(i, place int) bool) {
	next := slices.Clone(p.starts)
	for i, key := range p.keys {
		part := p.part(key)
		if !yield(i, next[part]) {
			return
		}
		next[part]++
	}
}

// A restorer puts features that lie part by part into the observations' order,
// one after the other. It keeps the room that it needs.
type restorer struct {
	numbers []float64
	codes   []int32
}

func (r *restorer) restore(b *builder, p *partition) {
	if b.texts == nil {
		r.numbers = restore(b.numbers, p, r.numbers)
	} else {
		r.codes = restore(b.texts.assigned, p, r.codes)
	}
}

// restore works in some room, which it makes if need be and returns.
func restore[T any](values []T, p *partition, room []T) []T {
	room = append(room[:0], values...)
	for i, place := range p.places {
		values[i] = room[place]
	}
	return room
}
