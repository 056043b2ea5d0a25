package canonical

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the recursion. What linecook writes is less than twenty deep;
// each level of a hostile text copies what it holds once.
const maxDepth = 256

// A parser reads strict JSON (RFC 8259 with the restrictions of RFC 7493) and
// writes canonical JSON as it goes.
type parser struct {
	in  []byte
	pos int
	// refuseReplacement makes the escape \ufffd an error: see Marshal.
	refuseReplacement bool
}

func (p *parser) document(out []byte) ([]byte, error) {
	out, err := p.value(out, 0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.in) {
		return nil, p.errorf("data follows the end of the value")
	}
	return out, nil
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: %w", p.pos, fmt.Errorf(format, args...))
}

func (p *parser) space() {
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, or 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.pos == len(p.in) {
		return 0
	}
	return p.in[p.pos]
}

func (p *parser) value(out []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested deeper than %d", maxDepth)
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(out, depth)
	case c == '[':
		return p.array(out, depth)
	case c == '"':
		s, err := p.text()
		if err != nil {
			return nil, err
		}
		return appendString(out, s), nil
	case c == '-' || '0' <= c && c <= '9':
		return p.number(out)
	case p.pos == len(p.in):
		return nil, p.errorf("the text ends where a value should stand")
	default:
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(p.in[p.pos:], []byte(word)) {
				p.pos += len(word)
				return append(out, word...), nil
			}
		}
		return nil, p.errorf("%q does not begin a JSON value", rune(c))
	}
}

func (p *parser) array(out []byte, depth int) ([]byte, error) {
	p.pos++
	out = append(out, '[')
	if p.peek() == ']' {
		p.pos++
		return append(out, ']'), nil
	}
	for {
		var err error
		if out, err = p.value(out, depth+1); err != nil {
			return nil, err
		}
		switch p.peek() {
		case ',':
			out = append(out, ',')
		case ']':
			p.pos++
			return append(out, ']'), nil
		default:
			return nil, p.errorf("a comma or ] should follow the element of an array")
		}
		p.pos++
	}
}

// A member of an object, its value already canonical.
type member struct {
	key   string
	units []uint16
	value []byte
}

func (p *parser) object(out []byte, depth int) ([]byte, error) {
	p.pos++
	if p.peek() == '}' {
		p.pos++
		return append(out, "{}"...), nil
	}
	var members []member
	for {
		if p.peek() != '"' {
			return nil, p.errorf("a key in double quotes should stand here")
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if p.peek() != ':' {
			return nil, p.errorf("a colon should follow the key %q", key)
		}
		p.pos++
		value, err := p.value(nil, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{key, utf16.Encode([]rune(key)), value})
		switch p.peek() {
		case ',':
			p.pos++
			continue
		case '}':
			p.pos++
		default:
			return nil, p.errorf("a comma or } should follow the value of %q", key)
		}
		break
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.units, b.units) })
	for i, m := range members {
		if i > 0 && m.key == members[i-1].key {
			return nil, p.errorf("the object that ends here has the key %q twice", m.key)
		}
		out = append(out, "{,"[min(i, 1)])
		out = appendString(out, m.key)
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}'), nil
}

// text reads a string and decodes its escapes.
func (p *parser) text() (string, error) {
	var s []byte
	for p.pos++; p.pos < len(p.in); {
		switch c := p.in[p.pos]; {
		case c == '"':
			p.pos++
			return string(s), nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			s = utf8.AppendRune(s, r)
		case c < 0x20:
			return "", p.errorf("a control character in a string must be escaped")
		default:
			r, size := utf8.DecodeRune(p.in[p.pos:])
			if r == utf8.RuneError && size == 1 {
				return "", p.errorf("the string is not valid UTF-8")
			}
			s = append(s, p.in[p.pos:p.pos+size]...)
			p.pos += size
		}
	}
	return "", p.errorf("the text ends inside a string")
}

// escapes are the two-character escapes of RFC 8259; RFC 8785 writes all of
// them except \/.
var escapes = map[byte]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func (p *parser) escape() (rune, error) {
	if p.pos+1 < len(p.in) {
		if r, ok := escapes[p.in[p.pos+1]]; ok {
			p.pos += 2
			return r, nil
		}
	}
	r, ok := p.unit()
	if !ok {
		return 0, p.errorf("the escape is not one of JSON's")
	}
	if !utf16.IsSurrogate(r) {
		if r == utf8.RuneError && p.refuseReplacement {
			return 0, p.errorf("a string is not valid UTF-8")
		}
		return r, nil
	}
	low, _ := p.unit()
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, p.errorf("half a surrogate pair is not text")
	}
	return r, nil
}

// unit reads one \uXXXX and moves on only when it is there.
func (p *parser) unit() (rune, bool) {
	if p.pos+6 > len(p.in) || p.in[p.pos] != '\\' || p.in[p.pos+1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range p.in[p.pos+2 : p.pos+6] {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if digit < 0 || c < '0' {
			return 0, false
		}
		unit = unit<<4 | rune(digit)
	}
	p.pos += 6
	return unit, true
}

func (p *parser) number(out []byte) ([]byte, error) {
	start := p.pos
	if p.in[p.pos] == '-' {
		p.pos++
	}
	first := p.pos
	whole := p.digits()
	if whole == 0 || whole > 1 && p.in[first] == '0' {
		return nil, p.errorf("a number needs digits and no leading zero")
	}
	integer := true
	if p.pos < len(p.in) && p.in[p.pos] == '.' {
		p.pos++
		if integer = false; p.digits() == 0 {
			return nil, p.errorf("digits should follow the decimal point")
		}
	}
	if p.pos < len(p.in) && p.in[p.pos]|0x20 == 'e' {
		p.pos++
		if p.pos < len(p.in) && (p.in[p.pos] == '+' || p.in[p.pos] == '-') {
			p.pos++
		}
		if integer = false; p.digits() == 0 {
			return nil, p.errorf("digits should follow the exponent sign")
		}
	}
	literal := string(p.in[start:p.pos])
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return nil, p.errorf("the number %s is beyond a float64: make it a string", literal)
		}
		return nil, p.errorf("the number %s: %w", literal, err)
	}
	text := formatNumber(f)
	// Beyond 2^53 not every integer is a float64. One whose digits stay is
	// carried without loss, and must be: 1e20 is printed as an integer.
	if integer && text != literal && literal != "-0" {
		return nil, p.errorf("the integer %s would become %s, since integers beyond 2^53 do not fit a float64: make it a string", literal, text)
	}
	return append(out, text...), nil
}

func (p *parser) digits() int {
	start := p.pos
	for p.pos < len(p.in) && '0' <= p.in[p.pos] && p.in[p.pos] <= '9' {
		p.pos++
	}
	return p.pos - start
}

// formatNumber prints a finite f as ECMAScript's Number::toString does
// (ECMA-262, 6.1.6.1.20): the shortest digits that read back as f, with an
// exponent below 1e-6 and from 1e21 on.
func formatNumber(f float64) string {
	if f == 0 {
		return "0" // also for minus zero
	}
	if abs := math.Abs(f); 1e-6 <= abs && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := []byte(strconv.FormatFloat(f, 'e', -1, 64))
	// Go pads the exponent to two digits: 1e-07.
	if n := len(s); s[n-2] == '0' && (s[n-3] == '-' || s[n-3] == '+') {
		s = append(s[:n-2], s[n-1])
	}
	return string(s)
}

// shortEscapes are the escapes that RFC 8785, 3.2.2.2 asks for by name.
var shortEscapes = map[byte]string{
	'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			out = append(out, c)
		} else if short, ok := shortEscapes[c]; ok {
			out = append(out, short...)
		} else {
			out = fmt.Appendf(out, `\u%04x`, c)
		}
	}
	return append(out, '"')
}
