package feature

// distinctValues count the different values of one column over one window: how
// many rows have each value, and how many values have a row.
type distinctValues struct {
	column, window int
	length         int64
	into           *builder
	rows           map[keyedValue]int32
	values         []int64
}

// A keyedValue is a key's value, both by their numbers.
type keyedValue struct{ key, value int64 }

func (d *distinctValues) begin(keys int) {
	d.rows, d.values = map[keyedValue]int32{}, make([]int64, keys)
}

func (d *distinctValues) enter(r *rows) error {
	if !r.valid(d.column) || r.time >= after(r.event(), d.length) {
		return nil
	}
	value := keyedValue{r.key(), r.integer(d.column)}
	d.rows[value]++
	if d.rows[value] == 1 {
		d.values[value.key]++
	}
	return nil
}

func (d *distinctValues) leave(r *rows, window int) {
	if window != d.window || !r.valid(d.column) {
		return
	}
	value := keyedValue{r.key(), r.integer(d.column)}
	d.rows[value]--
	if d.rows[value] == 0 {
		delete(d.rows, value)
		d.values[value.key]--
	}
}

func (d *distinctValues) read(key int32, i int, _ int64) error {
	d.into.number(i, float64(d.values[key]))
	return nil
}
