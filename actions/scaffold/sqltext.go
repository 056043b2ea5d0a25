package scaffold

import (
	"context"
	"fmt"
	"regexp"
)

// plainIdentifier is what people read most easily; whether SQL takes it for a
// column is the parser's to say.
var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expression puts a column into SQL, without quotes where DuckDB's own grammar
// then reads that column and nothing else.
func (s *surveyed) expression(ctx context.Context, form string, c *column) string {
	if plainIdentifier.MatchString(c.name) {
		text := fmt.Sprintf(form, c.name)
		parsed, err := s.parser.Parse(ctx, text)
		if err == nil && len(parsed.Columns) == 1 && parsed.Columns[0] == c.name {
			return text
		}
	}
	return fmt.Sprintf(form, c.sql())
}
