package contract

import (
	"fmt"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// checkLastLines looks at CSV files whose last line has no end. Such a file may
// have been cut within its last value, and what is left of the value may well be
// one: 1400 becomes 14. Some writers leave the end out, so it is an error only
// where the contract says that there is one, or where the table's other files
// have it.
func (k *checker) checkLastLines() {
	cut, whole := k.table.Unended, len(k.table.Ended)
	must, said := k.contract.object().lastLineEnds()
	if len(cut) == 0 || said && !must {
		return
	}
	f := report.Finding{Code: "contract/last-line", Severity: report.Warning, Position: k.contract.place(),
		Message: "the last line of " + cut[0] + " has no end", Count: int64(len(cut)),
		Remedy: "bring the whole file; if its writer never ends the last line, say so with " + customLastLineEnds + ": false"}
	if len(cut) > 1 {
		f.Message = fmt.Sprintf("the last lines of %d files have no end", len(cut))
		f.Samples = cut[:min(len(cut), k.opt.MaxSamples)]
	}
	switch {
	case must:
		f.Severity = report.Error
		f.Message += ", and the contract says that it has one"
	case whole > 0:
		f.Severity = report.Error
		f.Message += fmt.Sprintf(", and that of %s has one", others(whole))
	}
	f.Message += "; the last value may be cut short"
	k.add(f)
}

func others(n int) string {
	if n == 1 {
		return "the other file"
	}
	return fmt.Sprintf("each of the %d other files", n)
}

// lastLineEnds is what a contract says about the last line of a CSV, if it says
// anything.
func (o *Object) lastLineEnds() (ends, said bool) {
	for _, p := range o.CustomProperties {
		if p.Property == customLastLineEnds {
			ends, said = p.Value.(bool)
		}
	}
	return ends, said
}
