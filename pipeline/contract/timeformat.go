package contract

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A timeFormat is a pattern of java.time.format.DateTimeFormatter, which the
// standard writes dates in, in DuckDB's words. DuckDB's own reading is lax (it
// takes one digit for two), so a text must have the form as well.
type timeFormat struct {
	// layout is for DuckDB's strptime, form a regular expression for the whole.
	layout, form string
	// zoned says that the text carries its offset; basic that it writes UTC as Z.
	zoned, basic bool
	// fields are the fields in order; '.' stands for text after an offset.
	fields string
}

// The English names that M, E and a stand for; other languages are not read.
const (
	monthNames      = "January|February|March|April|May|June|July|August|September|October|November|December"
	shortMonthNames = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
	dayNames        = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
	shortDayNames   = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
)

// timeLetters are the runs of pattern letters that are read. field is what the
// run tells: y, M, d, H, m, s, S (fraction), Z (offset), or a blank for what only
// repeats another field.
var timeLetters = []struct {
	letters, layout, form string
	field                 byte
}{
	{"yyyy", "%Y", "[0-9]{4}", 'y'},
	{"uuuu", "%Y", "[0-9]{4}", 'y'},
	{"MMMM", "%B", "(?:" + monthNames + ")", 'M'},
	{"MMM", "%b", "(?:" + shortMonthNames + ")", 'M'},
	{"MM", "%m", "(?:0[1-9]|1[0-2])", 'M'},
	{"M", "%-m", "(?:[1-9]|1[0-2])", 'M'},
	{"dd", "%d", "(?:0[1-9]|[12][0-9]|3[01])", 'd'},
	{"d", "%-d", "(?:[1-9]|[12][0-9]|3[01])", 'd'},
	{"HH", "%H", hourForm, 'H'},
	{"H", "%-H", "(?:1?[0-9]|2[0-3])", 'H'},
	{"hh", "%I", "(?:0[1-9]|1[0-2])", 'h'},
	{"h", "%-I", "(?:[1-9]|1[0-2])", 'h'},
	{"a", "%p", "(?:AM|PM)", 'a'},
	{"mm", "%M", minuteForm, 'm'},
	{"ss", "%S", "[0-5][0-9]", 's'},
	{"SSS", "%g", "[0-9]{3}", 'S'},
	{"SSSSSS", "%f", "[0-9]{6}", 'S'},
	{"SSSSSSSSS", "%n", "[0-9]{9}", 'S'},
	{"EEEE", "%A", "(?:" + dayNames + ")", ' '},
	{"EEE", "%a", "(?:" + shortDayNames + ")", ' '},
	{"XXX", "%z", "(?:Z|[-+]" + hourForm + ":" + minuteForm + ")", 'Z'},
	{"XX", "%z", "(?:Z|[-+]" + hourForm + minuteForm + ")", 'Z'},
	{"X", "%z", "(?:Z|[-+]" + hourForm + ")", 'Z'},
	{"xxx", "%z", "[-+]" + hourForm + ":" + minuteForm, 'Z'},
	{"xx", "%z", "[-+]" + hourForm + minuteForm, 'Z'},
	{"Z", "%z", "[-+]" + hourForm + minuteForm, 'Z'},
}

// maxTimeFormat bounds a pattern; those that people write have about thirty
// characters.
const maxTimeFormat = 200

// readTimeFormat translates a pattern whole, or says which part it cannot read:
// a letter that is passed over would be a check that does less than it says.
func readTimeFormat(logicalType, pattern string) (timeFormat, error) {
	f := timeFormat{}
	if len(pattern) > maxTimeFormat {
		return timeFormat{}, fmt.Errorf("it is longer than %d characters", maxTimeFormat)
	}
	for rest := pattern; rest != ""; {
		run := rest[:len(rest)-len(strings.TrimLeft(rest, rest[:1]))]
		switch c := rest[0]; {
		case c == '\'':
			literal, length, err := quotedLiteral(rest)
			if err != nil {
				return timeFormat{}, err
			}
			f.literal(literal)
			rest = rest[length:]
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			if err := f.letters(run); err != nil {
				return timeFormat{}, err
			}
		case strings.ContainsRune("[]{}#", rune(c)):
			return timeFormat{}, fmt.Errorf("%q has a meaning of its own in patterns, which is not read; optional parts are not supported", c)
		case c < ' ' || c > '~':
			return timeFormat{}, fmt.Errorf("%q is not a printable ASCII character", c)
		default:
			f.literal(run)
		}
		rest = rest[len(run):]
	}
	if err := f.complete(logicalType); err != nil {
		return timeFormat{}, err
	}
	return f, nil
}

// quotedLiteral reads 'text' with two quotes for one, as in yyyy-MM-dd'T'HH:mm.
func quotedLiteral(s string) (literal string, length int, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return "", 0, fmt.Errorf("%q is not a printable ASCII character", s[i])
		}
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		if i == 1 {
			return "'", 2, nil
		}
		return b.String(), i + 1, nil
	}
	return "", 0, fmt.Errorf("a quote is not closed")
}

func (f *timeFormat) literal(text string) {
	if f.zoned {
		f.fields += "."
	}
	f.layout += strings.ReplaceAll(text, "%", "%%")
	for _, c := range text {
		if strings.ContainsRune(`\.+*?()|[]{}^$`, c) {
			f.form += `\`
		}
		f.form += string(c)
	}
}

func (f *timeFormat) letters(run string) error {
	for _, known := range timeLetters {
		if known.letters != run {
			continue
		}
		if known.field != ' ' && strings.IndexByte(f.fields, known.field) >= 0 {
			return fmt.Errorf("%s stands in it twice", run)
		}
		f.layout += known.layout
		f.form += known.form
		f.fields += string(known.field)
		f.zoned = f.zoned || known.field == 'Z'
		f.basic = f.basic || run[0] == 'X'
		return nil
	}
	switch run {
	case "T":
		return fmt.Errorf("the letter T stands for nothing; write it in quotes: 'T'")
	case "yy", "uu":
		return fmt.Errorf("%s, a year of two digits, is read differently by different programs; write yyyy", run)
	}
	return fmt.Errorf("the pattern letters %s are not supported", run)
}

// needed are the fields that each type cannot do without, and may those that it
// may have.
var neededFields = []struct{ typ, needed, may string }{
	{TypeDate, "yMd", " "},
	{TypeTime, "m", "HhasS"},
	{TypeTimestamp, "yMdm", "HhasSZ "},
}

func (f *timeFormat) complete(logicalType string) error {
	// A Z for the offset is only looked for at the end of a text.
	if f.zoned && strings.IndexByte(f.fields, 'Z') != len(f.fields)-1 {
		return fmt.Errorf("the offset must be its last part")
	}
	has := func(field byte) bool { return strings.IndexByte(f.fields, field) >= 0 }
	for _, n := range neededFields {
		if n.typ != logicalType {
			continue
		}
		for _, field := range []byte(n.needed) {
			if !has(field) {
				return fmt.Errorf("a %s needs %c in its pattern", logicalType, field)
			}
		}
		for _, field := range []byte(f.fields) {
			if !strings.ContainsRune(n.needed+n.may, rune(field)) {
				return fmt.Errorf("a %s has no %c", logicalType, field)
			}
		}
		if logicalType != TypeDate && has('H') == (has('h') && has('a')) {
			return fmt.Errorf("a %s needs either H, or h with a", logicalType)
		}
		if has('h') != has('a') {
			return fmt.Errorf("h and a belong together")
		}
	}
	return nil
}

// timeFormat is the property's format, where it is one of time other than the
// forms that are read without one.
func (p *Property) timeFormat() (timeFormat, bool) {
	format := p.options().Format
	if format == "" || (p.LogicalType != TypeDate && p.LogicalType != TypeTime && p.LogicalType != TypeTimestamp) {
		return timeFormat{}, false
	}
	if p.LogicalType == TypeDate && format == "yyyy-MM-dd" {
		return timeFormat{}, false // the form without a format, which is read faster
	}
	f, err := readTimeFormat(p.LogicalType, format)
	return f, err == nil
}

// parse is SQL for what v says, a TIMESTAMP or, with an offset, a TIMESTAMPTZ.
func (f timeFormat) parse(v string) string {
	if f.basic {
		v = "regexp_replace(" + v + ", 'Z$', '+00')"
	}
	return "try_strptime(" + v + ", " + dataset.Literal(f.layout) + ")"
}

// cast is SQL for the value of the text v, of which x is what parse yields.
func (f timeFormat) cast(p *Property, v, x string) string {
	switch {
	case f.zoned:
		x += " AT TIME ZONE 'UTC'"
	case p.LogicalType == TypeTimestamp:
		x = p.utc("CAST(" + x + " AS TIMESTAMP)")
	default:
		x = "CAST(" + x + " AS " + p.duckType() + ")"
	}
	return "CASE WHEN " + matches(v, f.form) + " THEN " + x + " END"
}
