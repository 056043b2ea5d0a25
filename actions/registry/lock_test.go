package registry

import (
	"bytes"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/command"
)

// Commands that need the same installed have one lock file; of several that do
// not, one must be named.
func TestLocksOfSeveralCommands(t *testing.T) {
	for _, c := range []struct {
		locks           []lock
		printed, refuse string
	}{
		{[]lock{{"a", "a.txt", "x==1\n"}}, "x==1\n", ""},
		{[]lock{{"a", "a.txt", "x==1\n"}, {"b", "b.txt", "x==1\n"}}, "x==1\n", ""},
		{[]lock{{"a", "a.txt", "x==1\n"}, {"b", "b.txt", "x==2\n"}}, "", "name one with --command: a, b"},
		{[]lock{{"a", "a.txt", ""}, {"b", "b.txt", "x==2\n"}}, "", "name one with --command: a, b"},
		{nil, "", "findings"},
	} {
		var out, complaints bytes.Buffer
		d := &door{app: &command.App{Out: &out, Err: &complaints}}
		err := d.printLock("shop@v1.0.0", "", c.locks)
		if out.String() != c.printed || (err == nil) != (c.refuse == "") || err != nil && !strings.Contains(err.Error(), c.refuse) {
			t.Errorf("%v: printed %q, error %v, want %q and %q", c.locks, out.String(), err, c.printed, c.refuse)
		}
	}
}
