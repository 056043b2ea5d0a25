package dataset

import (
	"slices"
	"strings"
)

// delimiters are those in use, the likeliest first.
var delimiters = []string{";", "\t", "|", ","}

// Undivided is what seems to separate the fields of a CSV that was read as one
// column; empty where nothing does.
func (s Segment) Undivided() string {
	if s.form != FormatCSV || len(s.Columns) != 1 {
		return ""
	}
	own := s.spec.Delimiter
	if own == "" {
		own = ","
	}
	i := slices.IndexFunc(delimiters, func(d string) bool { return d != own && strings.Contains(s.Columns[0].Name, d) })
	if i < 0 {
		return ""
	}
	return delimiters[i]
}
