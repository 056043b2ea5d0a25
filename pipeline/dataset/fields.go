package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// scanBuffer is what is read of a file at a time. It fits a processor's cache.
const scanBuffer = 1 << 18

// A fieldScan counts the fields of each row of a CSV. DuckDB takes rows that
// have more of them than the header, as long as those are empty, and so would
// lose that something in the row has moved; nor does it tell that the last row
// has no end. Rows and quotes are those that DuckDB sees.
type fieldScan struct {
	delimiter []byte
	// header is how many fields the first row has.
	header int
	// rows counts the rows after it, ragged those with another number of fields,
	// of which first and fields describe the first.
	rows, ragged, first int64
	fields              int
	// ended says that the file's last line has an end.
	ended bool

	// The row at hand: its delimiters, whether it has any content, and where in a
	// field the reading stands.
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

// scanFields reads a CSV to its end, which for a compressed one checks that it
// is whole.
func scanFields(ctx context.Context, path, delimiter string) (*fieldScan, error) {
	if delimiter == "" {
		delimiter = ","
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	s := &fieldScan{delimiter: []byte(delimiter)}
	content, err := decompress(path, file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	if err := s.read(ctx, content); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *fieldScan) read(ctx context.Context, content io.Reader) error {
	lines := bufio.NewReaderSize(content, scanBuffer)
	if mark, err := lines.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = lines.Discard(len(byteOrderMark))
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		part, err := lines.ReadSlice('\n')
		s.add(part)
		switch {
		case errors.Is(err, io.EOF):
			s.ended = s.ended && s.place != fieldQuoted
			if !s.ended {
				s.endRow()
			}
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// add takes a line, or a part of one that is longer than the buffer.
func (s *fieldScan) add(part []byte) {
	if len(part) == 0 {
		return
	}
	text := bytes.TrimSuffix(part, []byte("\n"))
	s.ended = len(text) < len(part)
	if s.place == fieldQuoted || s.place == fieldQuote || bytes.IndexByte(text, '"') >= 0 {
		s.walk(text)
	} else {
		s.delimiters += bytes.Count(text, s.delimiter)
		s.place = fieldText
		if bytes.HasSuffix(text, s.delimiter) {
			s.place = fieldStart
		}
	}
	s.content = s.content || len(text) > 1 || len(text) == 1 && text[0] != '\r'
	if s.ended && s.place != fieldQuoted {
		s.endRow()
	}
}

// walk goes through text that has quotes in it, byte by byte.
func (s *fieldScan) walk(text []byte) {
	for i := 0; i < len(text); i++ {
		quote := text[i] == '"'
		switch {
		case s.place == fieldQuoted:
			if quote {
				s.place = fieldQuote
			}
		case quote && (s.place == fieldStart || s.place == fieldQuote):
			s.place = fieldQuoted
		case bytes.HasPrefix(text[i:], s.delimiter):
			s.delimiters++
			s.place = fieldStart
			i += len(s.delimiter) - 1
		case text[i] != ' ' || s.place != fieldStart:
			s.place = fieldText
		}
	}
}

func (s *fieldScan) endRow() {
	fields, content := s.delimiters+1, s.content
	s.delimiters, s.content, s.place = 0, false, fieldStart
	switch {
	case s.header == 0:
		s.header = fields
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
