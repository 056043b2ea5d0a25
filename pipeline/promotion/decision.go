package promotion

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Decision is the answer to one request, with all that it rests on: weighing
// Evidence against Requirement under the policy of PolicyDigest gives it again.
type Decision struct {
	Allowed   bool      `json:"allowed"`
	Operation Operation `json:"operation"`
	Pipeline  string    `json:"pipeline"`
	Stage     string    `json:"stage"`
	Version   string    `json:"version"`
	BundleID  string    `json:"bundle_id"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"`
	// Required and Passed are check codes, sorted.
	Required []string `json:"required"`
	Passed   []string `json:"passed"`
	// Denials holds one entry for each required check that did not pass, in
	// order of code; it is empty exactly when Allowed.
	Denials []Denial `json:"denials"`
	// The digests are "sha256:" and hexadecimal; the last two are of canonical
	// JSON.
	PolicyDigest      string   `json:"policy_digest"`
	EvidenceDigest    string   `json:"evidence_digest"`
	RequirementDigest string   `json:"requirement_digest"`
	Requirement       Stage    `json:"requirement"`
	Evidence          Evidence `json:"evidence"`
}

// A Denial is one reason why not, and what would help.
type Denial struct {
	Code        string `json:"code"`
	Title       string `json:"title"`
	Reason      string `json:"reason"`
	Remediation string `json:"remediation"`
	// Command is what to run for it, where there is one command.
	Command string `json:"command,omitempty"`
}

// String renders the decision as text for a terminal: one line for the answer,
// then each denial with its reason, its remedy and the command for it.
func (d Decision) String() string {
	text := &strings.Builder{}
	may := map[bool]string{true: "may", false: "may not"}[d.Allowed]
	does := "serve on"
	if d.Operation == OperationRollback {
		does = "return to"
	}
	fmt.Fprintf(text, "%s@v%s %s %s %s: %d of %d checks passed\n", d.Pipeline, d.Version, may, does, d.Stage, len(d.Passed), len(d.Required))
	for _, denial := range d.Denials {
		fmt.Fprintf(text, "  %s: %s\n", denial.Code, denial.Title)
		wrap(text, "    ", denial.Reason)
		wrap(text, "    ", "remedy: "+denial.Remediation)
		if denial.Command != "" {
			fmt.Fprintf(text, "    $ %s\n", denial.Command)
		}
	}
	return text.String()
}

// lineWidth fits a terminal, and a runner's log.
const lineWidth = 100

// wrap writes lines of at most lineWidth letters, as far as words allow.
func wrap(to *strings.Builder, indent, text string) {
	line := indent
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth {
			to.WriteString(line + "\n")
			line = indent + "  " + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	to.WriteString(line + "\n")
}

// A Decider weighs evidence against what a stage requires. An error means that
// there is no decision, which is never a permission.
type Decider interface {
	Decide(ctx context.Context, evidence Evidence, requirement Stage) (Decision, error)
	// Policy is the text of everything that decides, by file name: what the
	// decision's PolicyDigest is of.
	Policy() map[string]string
}

// A Record is what is kept of a decision: with the text of the policy it can be
// made again when neither this policy nor this linecook is in use any more.
type Record struct {
	Decision
	Policy map[string]string `json:"policy"`
}
