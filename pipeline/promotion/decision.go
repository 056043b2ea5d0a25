package promotion

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Decision is the answer to one request, with all that it rests on: weighing
// Evidence against Requirement under the policy of PolicyDigest gives it again.
type Decision struct {
	Allowed  bool      `json:"allowed"`
	Pipeline string    `json:"pipeline"`
	Stage    string    `json:"stage"`
	Version  string    `json:"version"`
	BundleID string    `json:"bundle_id"`
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`
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
}

// String renders the decision as text: one line for the answer, then each
// denial with its reason and its remedy.
func (d Decision) String() string {
	text := &strings.Builder{}
	if d.Allowed {
		fmt.Fprintf(text, "%s@v%s may serve on %s: %d of %d checks passed\n", d.Pipeline, d.Version, d.Stage, len(d.Passed), len(d.Required))
		return text.String()
	}
	fmt.Fprintf(text, "%s@v%s may not serve on %s: %d of %d checks passed\n", d.Pipeline, d.Version, d.Stage, len(d.Passed), len(d.Required))
	for _, denial := range d.Denials {
		fmt.Fprintf(text, "  %s: %s\n    %s\n    remedy: %s\n", denial.Code, denial.Title, denial.Reason, denial.Remediation)
	}
	return text.String()
}

// A Decider weighs evidence against what a stage requires. An error means that
// there is no decision, which is never a permission.
type Decider interface {
	Decide(ctx context.Context, evidence Evidence, requirement Stage) (Decision, error)
}
