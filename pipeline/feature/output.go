package feature

import (
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// takeIn reads what a command has written for a batch and holds it to its word:
// one row for each observation, the columns that were asked for, values that the
// features can be.
func (c *compiler) takeIn(command Command, b batch, path string) error {
	ids := b.ids
	t := taker{command: command, file: b.Output, ids: ids, seen: make([]bool, len(ids))}
	for _, i := range c.plan.givenBy(command) {
		d := c.plan.Definitions[i]
		t.features, t.builders = append(t.features, d), append(t.builders, c.builders[d.Name])
	}
	// A link could lead to what the command itself may not read.
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return t.fail("wrote no %s", b.Output)
	case err != nil:
		return fmt.Errorf("command %s: %w", command.Name, err)
	case !info.Mode().IsRegular():
		return t.fail("made %s something other than a file", b.Output)
	case info.Size() > maxOutput:
		return t.fail("wrote %d bytes into %s; there may be %d", info.Size(), b.Output, maxOutput)
	}
	read := t.csv
	if command.format() == Parquet {
		read = func(path string) error { return c.parquet(&t, path) }
	}
	if err := read(path); err != nil {
		return err
	}
	for i, seen := range t.seen {
		if !seen {
			name, err := c.observation(ids[i])
			if err != nil {
				return err
			}
			missing := 0
			for _, seen := range t.seen {
				if !seen {
					missing++
				}
			}
			return t.fail("gave no row for %d of %d observations, first %s %d: %s", missing, len(ids), colID, i+1, name)
		}
	}
	return nil
}

// A taker takes rows of an output in.
type taker struct {
	command  Command
	file     string
	features []Definition
	builders []*builder
	ids      []int64
	seen     []bool
	// columns are, for the columns of the file, the indices of the features; -1
	// is the identifier.
	columns []int
}

func (t *taker) fail(format string, values ...any) error {
	return &CommandError{Command: t.command.Name, Setting: "run", Message: fmt.Sprintf(format, values...),
		Remedy: "write " + t.file + " with one row for each of the observations, and the columns " + strings.Join(t.asked(), ", ")}
}

// asked are the columns that the file must have.
func (t *taker) asked() []string {
	names := []string{colID}
	for _, d := range t.features {
		names = append(names, d.Name)
	}
	return names
}

// header takes the names of the file's columns, which come in any order.
func (t *taker) header(names []string) error {
	asked := t.asked()
	for _, name := range names {
		at := slices.Index(asked, name)
		switch {
		case at < 0:
			return t.fail("wrote a column %q into %s, which nobody asked for", name, t.file)
		case slices.Contains(t.columns, at-1):
			return t.fail("wrote the column %s twice into %s", name, t.file)
		}
		t.columns = append(t.columns, at-1)
	}
	for i, name := range asked {
		if !slices.Contains(t.columns, i-1) {
			return t.fail("wrote no column %s into %s", name, t.file)
		}
	}
	return nil
}

// row takes a row's values, of which nil is missing.
func (t *taker) row(values []*string) error {
	i, err := t.observation(values[slices.Index(t.columns, -1)])
	if err != nil {
		return err
	}
	for column, feature := range t.columns {
		value := values[column]
		if feature < 0 || value == nil {
			continue
		}
		d, into, at := t.features[feature], t.builders[feature], int(t.ids[i]-1)
		if d.Type == Categorical {
			into.text(at, *value)
			continue
		}
		number, problem := exactly(*value)
		if problem != "" {
			return t.fail("gave %s %d the value %q for %s, which %s", colID, i+1, shortened(*value), d.Name, problem)
		}
		into.number(at, number)
	}
	return nil
}

// observation is the index of the observation that a row is for.
func (t *taker) observation(value *string) (int, error) {
	if value == nil {
		return 0, t.fail("gave a row without an %s", colID)
	}
	i, err := strconv.Atoi(*value)
	switch {
	case err != nil || i < 1 || i > len(t.ids) || strconv.Itoa(i) != *value:
		return 0, t.fail("gave a row for %s %q, and there are 1 to %d", colID, shortened(*value), len(t.ids))
	case t.seen[i-1]:
		return 0, t.fail("gave two rows for %s %d", colID, i)
	}
	t.seen[i-1] = true
	return i - 1, nil
}

// decimal is a number as every program writes it.
var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// exactly is the number that a text stands for, or what is wrong with it. A
// fraction is rounded to the nearest float64, as it must be; a whole number is
// kept as it is or refused.
func exactly(text string) (number float64, problem string) {
	if lower := strings.TrimLeft(strings.ToLower(text), "+-"); lower == "nan" || lower == "inf" || lower == "infinity" {
		return 0, "is no number; leave it empty where the value is missing"
	}
	if !decimal.MatchString(text) {
		return 0, "is no number"
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(number, 0) {
		return 0, "is beyond the numbers that a model takes"
	}
	if whole, ok := new(big.Int).SetString(text, 10); ok {
		if kept, _ := new(big.Float).SetFloat64(number).Int(nil); kept.Cmp(whole) != 0 {
			return 0, fmt.Sprintf("has more digits than a model's numbers: it would become %s", kept)
		}
	}
	return number, ""
}

// shortened is a value as a message has it.
func shortened(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// csv reads an output in CSV. An empty value is missing.
func (t *taker) csv(path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("command %s: %w", t.command.Name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	reader := csv.NewReader(file)
	reader.ReuseRecord = true
	names, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return t.fail("left %s empty", t.file)
	}
	if err != nil {
		return t.fail("wrote an %s that is no CSV: %s", t.file, err)
	}
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	if err := t.header(names); err != nil {
		return err
	}
	values := make([]*string, len(names))
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.fail("wrote an %s that is no CSV: %s", t.file, err)
		}
		for i := range record {
			values[i] = nil
			if !utf8.ValidString(record[i]) {
				return t.fail("wrote the value %q into %s, which is no UTF-8", shortened(record[i]), t.file)
			}
			if record[i] != "" {
				text := strings.Clone(record[i]) // the record's own memory is used again
				values[i] = &text
			}
		}
		if err := t.row(values); err != nil {
			return err
		}
	}
}

// parquet reads an output in Parquet. NULL is missing.
func (c *compiler) parquet(t *taker, path string) (err error) {
	broken := func(err error) error {
		if !dataset.Unreadable(err) && !dataset.Unplanned(err) {
			return fmt.Errorf("command %s: %w", t.command.Name, err)
		}
		return t.fail("wrote an %s that is no Parquet: %s", t.file, strings.ReplaceAll(dataset.FirstLine(err), path, t.file))
	}
	names, types, err := c.parquetColumns(path)
	if err != nil {
		return broken(err)
	}
	if err := t.header(names); err != nil {
		return err
	}
	var cells []string
	for i, feature := range t.columns {
		cell := dataset.Identifier(names[i])
		switch {
		case feature < 0:
		case t.features[feature].Type == Categorical && types[i] != "VARCHAR":
			return t.fail("gave %s the type %s in %s; a categorical feature is a text", names[i], types[i], t.file)
		case t.features[feature].Type != Categorical:
			if misfit := numbers.misfit(types[i]); misfit != "" {
				return t.fail("gave %s another type in %s: %s", names[i], t.file, misfit)
			}
			if types[i] == "FLOAT" {
				cell += "::DOUBLE" // its own digits are fewer than it has
			}
			if types[i] == "BOOLEAN" {
				cell += "::TINYINT"
			}
		}
		cells = append(cells, cell+"::VARCHAR")
	}
	rows, err := c.db.QueryContext(c.ctx, fmt.Sprintf("SELECT %s FROM read_parquet(%s)", strings.Join(cells, ", "), dataset.Literal(path)))
	if err != nil {
		return broken(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	texts, targets, values := make([]sql.NullString, len(cells)), make([]any, len(cells)), make([]*string, len(cells))
	for i := range texts {
		targets[i] = &texts[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return broken(err)
		}
		for i := range texts {
			values[i] = nil
			if texts[i].Valid {
				values[i] = &texts[i].String
			}
		}
		if err := t.row(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return broken(err)
	}
	return nil
}

// parquetColumns are the names and types of a Parquet file's columns.
func (c *compiler) parquetColumns(path string) (names, types []string, err error) {
	rows, err := c.db.QueryContext(c.ctx, fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(%s))", dataset.Literal(path)))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, nil, err
		}
		names, types = append(names, name), append(types, kind)
	}
	return names, types, rows.Err()
}
