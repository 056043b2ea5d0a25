package feature

// A partition puts rows or observations into parts by their keys' numbers, so
// that a part lies in a processor's caches while it is swept. In a part all are
// in their own order. Those without a key come last, in no part.
type partition struct {
	// power is how many keys a part has, as a power of two.
	power int
	// starts are where the parts begin, and then those without a key.
	starts []int32
	// blocks are the keys, so many at a time, and firsts where each block's first
	// in each part goes.
	blocks, firsts [][]int32
}

// mostParts are few enough for all to be written, or read, side by side.
const mostParts = 256

// newPartition puts things into parts by their keys, of which there are so many.
func newPartition(blocks [][]int32, count int) *partition {
	p := &partition{blocks: blocks, firsts: make([][]int32, len(blocks))}
	for count>>p.power > mostParts {
		p.power++
	}
	p.starts = make([]int32, count>>p.power+2)
	each(len(blocks), func(i int) {
		counts := make([]int32, len(p.starts))
		for _, key := range blocks[i] {
			counts[p.part(key)]++
		}
		p.firsts[i] = counts
	})
	var next int32
	for part := range p.starts {
		p.starts[part] = next
		for _, firsts := range p.firsts {
			n := firsts[part]
			firsts[part] = next
			next += n
		}
	}
	return p
}

// part is the number of a key's part.
func (p *partition) part(key int32) int {
	if key < 0 {
		return len(p.starts) - 1
	}
	return int(key >> p.power)
}

// parts is how many parts there are, and size how many things are in them.
func (p *partition) parts() int { return len(p.starts) - 1 }
func (p *partition) size() int  { return int(p.starts[p.parts()]) }

// width is how many keys a part has, and within a key's number among them.
func (p *partition) width() int             { return 1 << p.power }
func (p *partition) within(key int32) int32 { return key & (1<<p.power - 1) }

// place tells where each thing of a block lies among all parts, and puts the
// keys of those that have one, as they are within their parts, there. It does so
// once for each block.
func (p *partition) place(block int, places, keys []int32) {
	next := p.firsts[block]
	for i, key := range p.blocks[block] {
		part := p.part(key)
		places[i] = next[part]
		if key != noKey {
			keys[next[part]] = p.within(key)
		}
		next[part]++
	}
}

// placed forgets the blocks.
func (p *partition) placed() { p.blocks, p.firsts = nil, nil }

// A restorer puts features that lie part by part into the observations' order,
// one after the other. What one leaves is room for the next.
type restorer struct {
	numbers []float64
	codes   []int32
}

func (r *restorer) restore(b *builder, places []int32) {
	if b.levels == nil {
		b.numbers, r.numbers = restored(r.numbers, b.numbers, places), b.numbers
	} else {
		b.codes, r.codes = restored(r.codes, b.codes, places), b.codes
	}
}

func restored[T any](room, values []T, places []int32) []T {
	if room == nil {
		room = make([]T, len(values))
	}
	for i, place := range places {
		room[i] = values[place]
	}
	return room
}
