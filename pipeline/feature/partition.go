package feature

// A partition puts rows or observations into parts by their keys' numbers, so
// that a part lies in a processor's caches while it is swept. In a part all are
// in their own order. Those without a key come last, in no part.
type partition struct {
	// keys are by their numbers, one for each thing; a negative one is none.
	keys []int32
	// power is how many keys a part has, as a power of two.
	power int
	// starts are where the parts begin, and then those without a key.
	starts []int
}

// mostParts are few enough for all to be written, or read, side by side.
const mostParts = 256

// newPartition partitions things by their keys, of which there are so many.
func newPartition(keys []int32, count int) partition {
	p := partition{keys: keys}
	for count>>p.power > mostParts {
		p.power++
	}
	p.starts = make([]int, count>>p.power+2)
	for _, key := range keys {
		p.starts[p.part(key)]++
	}
	sum := 0
	for part, n := range p.starts {
		p.starts[part] = sum
		sum += n
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
func (p *partition) size() int  { return p.starts[p.parts()] }

// width is how many keys a part has, and within a key's number among them.
func (p *partition) width() int             { return 1 << p.power }
func (p *partition) within(key int32) int32 { return key & (1<<p.power - 1) }

// places are where each thing lies among all parts.
func (p *partition) places() []int32 {
	next := make([]int32, len(p.starts))
	for part, start := range p.starts {
		next[part] = int32(start)
	}
	places := make([]int32, len(p.keys))
	for i, key := range p.keys {
		part := p.part(key)
		places[i] = next[part]
		next[part]++
	}
	return places
}

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
