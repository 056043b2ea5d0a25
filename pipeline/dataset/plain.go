package dataset

import "bytes"

// A forms is a set of ways in which a text can be written.
type forms byte

// The forms are those that DuckDB itself writes, so that a type's reading of such
// a text is the only one, and all but decimals come out as they went in.
const (
	// wholeForm is -12, decimalForm that and -1.50 and 1e-05.
	wholeForm forms = 1 << iota
	decimalForm
	// dateForm is 2013-01-31, momentForm 2013-01-31 23:59:59.
	dateForm
	momentForm
	// truthForm is true or false.
	truthForm
	allForms = 1<<iota - 1
)

// formSigns are what the forms are written with.
const formSigns = "0123456789-+.:eE truefalse"

// formOfType is the form that values of a DuckDB type are written in; none where
// there is no such form.
func formOfType(duckType string) forms {
	switch duckType {
	case "BIGINT":
		return wholeForm
	case "DOUBLE":
		return decimalForm
	case "DATE":
		return dateForm
	case "TIMESTAMP":
		return momentForm
	case "BOOLEAN":
		return truthForm
	}
	return 0
}

const (
	// maxWhole digits always fit into 64 bits, and no number of maxDecimal
	// characters with an exponent of two digits is too large for a double.
	maxWhole   = 18
	maxDecimal = 40

	dateLength   = len("2013-01-31")
	momentLength = len("2013-01-31 23:59:59")
)

// read is the forms, among those of s, of the value that a line starts with, and
// how long it is; none where it is written in no such form.
func (s forms) read(line []byte, delimiter byte) (written forms, length int) {
	ends := func(n int) bool { return n == len(line) || n < len(line) && line[n] == delimiter }
	if s&(wholeForm|decimalForm) != 0 {
		if written, length = number(line); written&s != 0 && ends(length) {
			return written & s, length
		}
	}
	switch {
	case s&momentForm != 0 && ends(momentLength) && isMoment(line):
		return momentForm, momentLength
	case s&dateForm != 0 && ends(dateLength) && isDate(line):
		return dateForm, dateLength
	case s&truthForm != 0 && bytes.HasPrefix(line, []byte("true")) && ends(len("true")):
		return truthForm, len("true")
	case s&truthForm != 0 && bytes.HasPrefix(line, []byte("false")) && ends(len("false")):
		return truthForm, len("false")
	}
	return 0, 0
}

// number is the forms of the number that a line starts with, and how long it is.
func number(line []byte) (written forms, length int) {
	sign := 0
	if len(line) > 0 && line[0] == '-' {
		sign = 1
	}
	end := digits(line, sign)
	if end == sign {
		return 0, 0
	}
	written = wholeForm | decimalForm
	if end-sign > maxWhole || line[sign] == '0' && end > 1 {
		written = decimalForm
	}
	if end < len(line) && line[end] == '.' {
		point := end
		if end, written = digits(line, end+1), decimalForm; end == point+1 {
			return 0, 0
		}
	}
	if end < len(line) && line[end]|' ' == 'e' {
		written = decimalForm
		start := end + 1
		if start < len(line) && (line[start] == '-' || line[start] == '+') {
			start++
		}
		if end = digits(line, start); end == start || end > start+2 {
			return 0, 0
		}
	}
	if end > maxDecimal {
		return 0, 0
	}
	return written, end
}

// digits is where the digits end that start at i.
func digits(line []byte, i int) int {
	for i < len(line) && line[i]-'0' <= 9 {
		i++
	}
	return i
}

// pair is the number of two digits at i; more than 99 where there are none.
func pair(text []byte, i int) int {
	tens, ones := text[i]-'0', text[i+1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}

// isDate looks at the first dateLength bytes.
func isDate(text []byte) bool {
	if text[4] != '-' || text[7] != '-' {
		return false
	}
	century, year, month, day := pair(text, 0), pair(text, 2), pair(text, 5), pair(text, 8)
	if century > 99 || year > 99 || century+year == 0 || month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= daysIn(month, century*100+year)
}

func daysIn(month, year int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// isMoment looks at the first momentLength bytes.
func isMoment(text []byte) bool {
	return isDate(text) && text[10] == ' ' && text[13] == ':' && text[16] == ':' &&
		pair(text, 11) <= 23 && pair(text, 14) <= 59 && pair(text, 17) <= 59
}

// Typed is the segment with columns, by name, read as other types: each where
// every text of the column is written as DuckDB writes values of that type, so
// that reading it as text and judging that could say nothing else. It is of use
// for scans, which it halves; of decimals it does not keep how they were written.
func (s Segment) Typed(types map[string]string) Segment {
	typed := s
	typed.Columns = make([]Column, len(s.Columns))
	for i, column := range s.Columns {
		if as := types[column.Name]; i < len(s.forms) && s.forms[i]&formOfType(as) != 0 {
			column.Type = as
		}
		typed.Columns[i] = column
	}
	return typed
}
