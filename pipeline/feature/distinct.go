package feature

// distinctValues count the different values of one column over one window: how
// many rows have each value, by its number, and how many values have a row.
type distinctValues struct {
	column, window int
	length         int64
	feature        int
	rows           map[int64]int32
}

func (d *distinctValues) begin() { d.rows = map[int64]int32{} }

func (d *distinctValues) enter(t *table, row int, moment int64) error {
	if t.valid(d.column, row) && moment < after(t.events[row], d.length) {
		d.rows[t.columns[d.column].integers[row]]++
	}
	return nil
}

func (d *distinctValues) leave(t *table, row, window int) {
	if window != d.window || !t.valid(d.column, row) {
		return
	}
	value := t.columns[d.column].integers[row]
	d.rows[value]--
	if d.rows[value] == 0 {
		delete(d.rows, value)
	}
}

func (d *distinctValues) read(into []*builder, i int, _ int64) error {
	into[d.feature].set(i, float64(len(d.rows)))
	return nil
}
