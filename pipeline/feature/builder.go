package feature

import (
	"math"
	"slices"
	"strconv"
	"sync"
)

// oneForm gives each number one form: NaN has many, and zero two.
func oneForm(v float64) float64 {
	if math.IsNaN(v) {
		return math.NaN()
	}
	return v + 0 // minus zero becomes zero
}

// A builder fills in a feature, observation by observation: numbers or, where
// the feature has levels, codes.
type builder struct {
	definition Definition
	numbers    []float64
	codes      []int32
	levels     *levelCoder
}

func newBuilder(d Definition) *builder {
	b := &builder{definition: d}
	if d.Type == Categorical {
		b.levels = &levelCoder{codes: map[string]int32{}}
	}
	return b
}

// like builds the same feature for other observations.
func (b *builder) like() *builder { return &builder{definition: b.definition, levels: b.levels} }

// begin makes room for n observations, all without rows that count.
func (b *builder) begin(n int) {
	b.room(n)
	b.fill(0)
}

// room is for n observations, which are to be filled in.
func (b *builder) room(n int) {
	if b.levels == nil {
		b.numbers = sized(b.numbers, n)
	} else {
		b.codes = sized(b.codes, n)
	}
}

// sized is room for n values, which are undefined. It is made if need be.
func sized[T any](room []T, n int) []T {
	if cap(room) < n {
		return make([]T, n)
	}
	return room[:n]
}

// fill says that the observations from one on have no rows that count.
func (b *builder) fill(from int) {
	nothing := math.NaN()
	if a := b.definition.Aggregate; a != nil && slices.Contains([]string{"count", "sum", "distinct"}, a.Function) {
		nothing = 0
	}
	if b.levels == nil {
		for i := range b.numbers[from:] {
			b.numbers[from+i] = nothing
		}
		return
	}
	for i := range b.codes[from:] {
		b.set(from+i, nothing)
	}
}

// number sets a number; NaN is none.
func (b *builder) number(i int, v float64) { b.set(i, oneForm(v)) }

// set sets a number that need not have its one form yet: take gives it that.
func (b *builder) set(i int, v float64) {
	if b.levels != nil {
		b.level(i, v)
		return
	}
	b.numbers[i] = v
}

// level sets a number's level, which is its shortest text.
func (b *builder) level(i int, v float64) {
	if math.IsNaN(v) {
		b.codes[i] = MissingCode
		return
	}
	b.text(i, strconv.FormatFloat(oneForm(v), 'f', -1, 64))
}

func (b *builder) text(i int, text string) { b.codes[i] = b.levels.code(text) }

// take takes over what another builder has for some observations. They lie from
// the first one on, in an order of which that builder's is a permutation.
func (b *builder) take(part *builder, first int, order []int32) {
	if b.levels == nil {
		for i, at := range order {
			b.numbers[first+int(at)] = oneForm(part.numbers[i])
		}
		return
	}
	for i, at := range order {
		b.codes[first+int(at)] = part.codes[i]
	}
}

func (b *builder) column(name string) Column {
	if b.levels == nil {
		return NewNumeric(name, b.numbers)
	}
	return Column{Name: name, Kind: Categorical, Codes: b.codes, Levels: b.levels.renumber(b.codes)}
}

// A levelCoder gives each text a number. Sweeps give numbers side by side.
type levelCoder struct {
	lock   sync.Mutex
	codes  map[string]int32
	levels []string
}

func (c *levelCoder) code(text string) int32 {
	c.lock.Lock()
	defer c.lock.Unlock()
	code, ok := c.codes[text]
	if !ok {
		code = int32(len(c.levels))
		c.codes[text] = code
		c.levels = append(c.levels, text)
	}
	return code
}

// renumber gives the texts numbers in the order in which observations first have
// them. It returns them, without those that none has.
func (c *levelCoder) renumber(assigned []int32) []string {
	codes := make([]int32, len(c.levels))
	for i := range codes {
		codes[i] = MissingCode
	}
	var levels []string
	for i, code := range assigned {
		if code == MissingCode {
			continue
		}
		if codes[code] == MissingCode {
			codes[code] = int32(len(levels))
			levels = append(levels, c.levels[code])
		}
		assigned[i] = codes[code]
	}
	return levels
}
