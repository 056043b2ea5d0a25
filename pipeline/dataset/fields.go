package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A fieldScan counts the fields of each row of a CSV. DuckDB takes rows that
// have more of them than the header, as long as those are empty, and so would
// lose that something in the row has moved; nor does it tell that the last row
// has no end. Rows and quotes are those that DuckDB sees.
type fieldScan struct {
	delimiter []byte
	// formed says that the delimiter stands in no form, so that what is written in
	// one ends where its field does.
	formed bool
	// null are the texts that mean "no value", which are written in any form.
	null []string
	// header is how many fields the first row has.
	header int
	// rows counts the rows after it, ragged those with another number of fields,
	// of which first and fields describe the first.
	rows, ragged, first int64
	fields              int
	// forms are those of each column: that in which all its values are written.
	forms []forms
	row
	// ended says that the file's last line has an end.
	ended bool
}

// A row is what has been seen of a row that has not ended: its delimiters,
// whether it has any content, and where in a field the reading stands.
type row struct {
	delimiters int
	content    bool
	place      place
}

// A place is a position within a field.
type place byte

const (
	fieldStart place = iota
	fieldText
	fieldQuoted
	// fieldQuote follows a quote within quotes: their end, or half of a pair.
	fieldQuote
)

func newFieldScan(delimiter string, null []string) *fieldScan {
	if delimiter == "" {
		delimiter = ","
	}
	if null == nil {
		null = []string{""}
	}
	return &fieldScan{delimiter: []byte(delimiter), formed: len(delimiter) == 1 && !strings.Contains(formSigns, delimiter), null: null}
}

// next is a scan for the rows that follow those of s.
func (s *fieldScan) next() *fieldScan {
	n := &fieldScan{delimiter: s.delimiter, formed: s.formed, null: s.null, header: s.header, row: s.row, ended: s.ended, forms: make([]forms, s.header)}
	for i := range n.forms {
		n.forms[i] = allForms
	}
	return n
}

// follow adds what a scan found in the rows that follow.
func (s *fieldScan) follow(n *fieldScan) {
	if s.ragged == 0 && n.ragged > 0 {
		s.first, s.fields = s.rows+n.first, n.fields
	}
	if s.header == 0 {
		s.header, s.forms = n.header, n.forms
	}
	s.rows += n.rows
	s.ragged += n.ragged
	s.ended = n.ended
	for i := range s.forms {
		s.forms[i] &= n.forms[i]
	}
}

// lines takes whole lines, and at the end of a file one without an end.
func (s *fieldScan) lines(text []byte) {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n') + 1
		if end == 0 {
			end = len(text)
		}
		s.add(text[:end])
		text = text[end:]
	}
}

// add takes a line, or a part of one that is longer than a block.
func (s *fieldScan) add(part []byte) {
	text := bytes.TrimSuffix(part, []byte("\n"))
	s.ended = len(text) < len(part)
	switch {
	case s.place == fieldQuoted || s.place == fieldQuote || bytes.IndexByte(text, '"') >= 0:
		s.walk(text)
	case s.row == (row{}) && s.ended && s.formed:
		s.split(bytes.TrimSuffix(text, []byte("\r")))
	default:
		from := s.delimiters
		s.delimiters += bytes.Count(text, s.delimiter)
		s.forget(from, s.delimiters)
		last := text
		if i := bytes.LastIndex(text, s.delimiter); i >= 0 {
			last, s.place = text[i+len(s.delimiter):], fieldStart
		}
		// A quote may still follow blanks that a field begins with.
		if len(bytes.TrimLeft(last, " ")) > 0 {
			s.place = fieldText
		}
	}
	s.content = s.content || len(text) > 1 || len(text) == 1 && text[0] != '\r'
	if s.ended && s.place != fieldQuoted {
		s.endRow()
	}
}

// split takes a whole line without quotes, field by field.
func (s *fieldScan) split(line []byte) {
	for column := 0; column < len(s.forms); column++ {
		end := s.see(column, line)
		if end == len(line) {
			return
		}
		s.delimiters++
		line = line[end+1:]
	}
	s.delimiters += bytes.Count(line, s.delimiter)
}

// see takes the value that a line starts with, and keeps of its column's forms
// those in which it is written. It returns where the value ends.
func (s *fieldScan) see(column int, line []byte) (end int) {
	among := s.forms[column]
	if among != 0 {
		if written, end := among.read(line, s.delimiter[0]); written != 0 {
			s.forms[column] = written
			return end
		}
	}
	if end = bytes.IndexByte(line, s.delimiter[0]); end < 0 {
		end = len(line)
	}
	if among != 0 && !slices.Contains(s.null, string(line[:end])) {
		s.forms[column] = 0
	}
	return end
}

// forget gives up the forms of columns whose values are not looked at.
func (s *fieldScan) forget(from, to int) {
	for i := from; i <= min(to, len(s.forms)-1); i++ {
		s.forms[i] = 0
	}
}

// walk goes through text that has quotes in it, byte by byte. What stands in
// quotes is in no form.
func (s *fieldScan) walk(text []byte) {
	start, plain := 0, s.place == fieldStart
	for i := 0; i < len(text); i++ {
		quote := text[i] == '"'
		plain = plain && !quote
		switch {
		case s.place == fieldQuoted:
			if quote {
				s.place = fieldQuote
			}
		case quote && (s.place == fieldStart || s.place == fieldQuote):
			s.place = fieldQuoted
		case bytes.HasPrefix(text[i:], s.delimiter):
			s.leave(text[start:i], plain)
			s.delimiters++
			s.place = fieldStart
			i += len(s.delimiter) - 1
			start, plain = i+1, true
		case text[i] != ' ' || s.place != fieldStart:
			s.place = fieldText
		}
	}
	s.leave(bytes.TrimSuffix(text[start:], []byte("\r")), plain && s.ended)
}

// leave ends a field within walk.
func (s *fieldScan) leave(value []byte, plain bool) {
	switch column := s.delimiters; {
	case column >= len(s.forms) || s.forms[column] == 0:
	case plain && s.formed:
		s.see(column, value)
	default:
		s.forms[column] = 0
	}
}

func (s *fieldScan) endRow() {
	fields, content := s.delimiters+1, s.content
	s.row = row{}
	switch {
	case s.header == 0:
		s.header = fields
		s.forms = s.next().forms
		return
	case !content && s.header > 1:
		return // DuckDB passes over blank lines
	}
	s.rows++
	if fields == s.header {
		return
	}
	if s.ragged == 0 {
		s.first, s.fields = s.rows, fields
	}
	s.ragged++
}

// check refuses rows that have another number of fields than the header.
func (s *fieldScan) check() error {
	switch {
	case s.ragged == 1:
		return fmt.Errorf("row %d has %s, and the header has %d", s.first, fields(s.fields), s.header)
	case s.ragged > 1:
		return fmt.Errorf("%d rows have another number of fields than the header, which has %d; the first is row %d, with %d", s.ragged, s.header, s.first, s.fields)
	}
	return nil
}

func fields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}
