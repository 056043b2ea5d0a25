package githubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// What may become of one request of a verb under one fault.
const (
	CellOK     = "ok"     // the verb came through
	CellError  = "error"  // it ended in one clear error, and the next run was well
	CellDenied = "denied" // it said no, for want of what could not be seen
	cellFree   = "·"      // the fault does not fit the request
)

// A Matrix meets every request of a verb with every kind of fault, one by one.
type Matrix struct {
	// Prepared is what the verb begins with; each cell has a copy.
	Prepared *Server
	// Lasting leaves out the faults that pass.
	Lasting bool
	// Clean runs the verb where nothing fails. Its requests are the rows.
	Clean func(testing.TB, *Server)
	// Cell runs the verb on a server that has a fault, judges what it leaves, and
	// returns what became of it.
	Cell func(t testing.TB, s *Server, request string, kind Kind) string
}

// Run prints the table with -v; -short tries one cell in four.
func (m Matrix) Run(t *testing.T) {
	t.Helper()
	recorded := m.Prepared.Copy(t)
	recorded.Forget()
	m.Clean(t, recorded)
	requests, kinds := recorded.Requests(), Kinds()
	if m.Lasting {
		kinds = slices.DeleteFunc(kinds, func(k Kind) bool { return k.Passes })
	}
	if len(requests) == 0 {
		t.Fatal("the verb sends no request")
	}
	table := make([][]string, len(requests))
	for i, request := range requests {
		for j, kind := range kinds {
			cell := cellFree
			if fits := kind.Fits == nil || kind.Fits(request); fits && (!testing.Short() || (i+j)%4 == 0) {
				cell = m.meet(t, i+1, request, kind)
			}
			table[i] = append(table[i], cell)
		}
	}
	t.Log("\n" + render(kinds, requests, table))
}

// A scope is a part of a test that clears up at its own end: a thousand cells
// would keep as many servers.
type scope struct {
	testing.TB
	cleanups []func()
}

func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) end() {
	for _, cleanup := range slices.Backward(s.cleanups) {
		cleanup()
	}
}

func (m Matrix) meet(whole *testing.T, nth int, request string, kind Kind) string {
	whole.Helper()
	t := &scope{TB: whole}
	defer t.end()
	s := m.Prepared.Copy(t)
	fault := kind.Fault
	fault.Nth = nth
	s.Fail(fault)
	return m.Cell(t, s, request, kind)
}

// Patient is a client's Deadline that waits no real time: a request that hangs
// reaches its deadline at once.
func (s *Server) Patient(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.Hung():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Clear says that an error is one line that names what was asked for, without
// secrets.
func Clear(text string) bool {
	return len(text) > 20 && !strings.ContainsAny(text, "\n") && !strings.Contains(text, Token) && !strings.Contains(text, PersonToken) && !strings.Contains(text, "signature=")
}

func render(kinds []Kind, requests []string, table [][]string) string {
	var b strings.Builder
	width := 0
	shown := make([]string, len(requests))
	for i, request := range requests {
		shown[i] = short(request)
		width = max(width, len(shown[i]))
	}
	for i, kind := range kinds {
		fmt.Fprintf(&b, "%*s %s %s\n", width+3, "", strings.Repeat("│      ", i), kind.Name)
	}
	for i, request := range shown {
		fmt.Fprintf(&b, "%2d %-*s", i+1, width, request)
		for _, cell := range table[i] {
			fmt.Fprintf(&b, " %-6s", cell)
		}
		b.WriteString("\n")
	}
	counts := map[string]int{}
	for _, row := range table {
		for _, cell := range row {
			counts[cell]++
		}
	}
	for _, cell := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "%d × %s  ", counts[cell], cell)
	}
	return b.String()
}

// short is a request without what all have in common.
func short(request string) string {
	if request == "GET /repos/"+Repository {
		return "GET /"
	}
	request = strings.ReplaceAll(request, "/repos/"+Repository, "")
	request, _, _ = strings.Cut(request, "?per_page")
	request, _, _ = strings.Cut(request, "?signature")
	return strings.NewReplacer("uploads:", "", "downloads:/", "store ", "%23", "#").Replace(request)
}
