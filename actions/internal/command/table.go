package command

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Table begins a table in the one style that all commands print.
func Table(header ...any) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(header)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = 0
	t.SetStyle(style)
	return t
}

// CheckDate refuses a flag's value that is neither empty nor a date.
func CheckDate(flag, value string) error {
	if value == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		return UsageError(fmt.Errorf("%s %q is not a date; write it as 2013-10-01", flag, value))
	}
	return nil
}
