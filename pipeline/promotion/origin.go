package promotion

import (
	"context"
	"time"
)

// An Operation is what is asked for.
type Operation string

// The operations.
const (
	// Promote puts a version on a stage because it has shown enough.
	OperationPromote Operation = "promote"
	// Rollback puts a version back that served on the stage before.
	OperationRollback Operation = "rollback"
)

// Where a promotion can run.
const (
	OriginGitHub    = "github"    // on a runner of GitHub Actions
	OriginLocal     = "local"     // on somebody's machine
	OriginRehearsal = "rehearsal" // in a backtest, where there are no people
)

// An Origin is where a promotion runs. All but Kind is empty where it is not
// known.
type Origin struct {
	Kind string `json:"kind"`
	// Repository is owner/name.
	Repository string `json:"repository"`
	// Ref is what the job runs for, as refs/heads/main; Commit its commit.
	Ref           string `json:"ref"`
	Commit        string `json:"commit"`
	DefaultBranch string `json:"default_branch"`
	// Workflow is the workflow's file and ref, Run the address of the run.
	Workflow string `json:"workflow"`
	Run      string `json:"run"`
	// TriggeredBy is who started this attempt of the run; Actor is who started
	// the first.
	TriggeredBy string `json:"triggered_by"`
}

// A PolicyOrigin says what the rules of a decision were compared with. The rules
// are the file that holds the stages and the checks of one's own.
type PolicyOrigin struct {
	// Commit is the one whose rules these should be: on a runner the job's, else
	// the last one. Empty outside a repository.
	Commit string `json:"commit"`
	// Unchanged says that the rules are the commit's, byte for byte.
	Unchanged bool `json:"unchanged"`
	// Protected says that GitHub protects the ref that the job runs for.
	Protected bool `json:"protected"`
	// Head is the default branch's last commit as GitHub has it now: a run that is
	// started again is for the commit of then. Empty where nobody was asked.
	Head string `json:"head"`
}

// A Provenance is a signed statement of which workflow built the bundle from
// which commit. Facts are filled in only from a statement that was verified.
type Provenance struct {
	// Looked says that somebody looked for a statement.
	Looked   bool `json:"looked"`
	Verified bool `json:"verified"`
	// Problem says why there is none that holds, for people.
	Problem string `json:"problem"`
	// Repository, Ref and Commit are what was built; Builder is the workflow that
	// built it, as owner/name/.github/workflows/train.yml, without its ref.
	Repository string `json:"repository"`
	Ref        string `json:"ref"`
	Commit     string `json:"commit"`
	Builder    string `json:"builder"`
	// Digest is of the file that the statement is about.
	Digest string `json:"digest"`
	// Run is the attempt that built it, as its address at GitHub. Actor started the
	// run and TriggeredBy the attempt, as GitHub has it: nobody who may write can
	// say otherwise, as they can of who registered a version. Both are empty where
	// GitHub keeps the run no more.
	Run         string `json:"run"`
	Actor       string `json:"actor"`
	TriggeredBy string `json:"triggered_by"`
}

// Approvals are the reviews of the pull request whose merge made the commit
// that the bundle was trained from.
type Approvals struct {
	// Looked says that GitHub was asked.
	Looked bool   `json:"looked"`
	Commit string `json:"commit"`
	// PullRequest is its number, 0 where no pull request made the commit.
	PullRequest int64  `json:"pull_request"`
	Base        string `json:"base"`
	// Head is the last commit of the pull request, MergeCommit what its merge made.
	Head        string `json:"head"`
	MergeCommit string `json:"merge_commit"`
	Author      string `json:"author"`
	// Commits is how many it has, Authors who made each of them.
	Commits int64     `json:"commits"`
	Authors []Authors `json:"authors"`
	Reviews []Review  `json:"reviews"`
}

// Authors are who wrote and who committed one commit. One that GitHub cannot
// name an account for is an empty text.
type Authors struct {
	Commit    string `json:"commit"`
	Author    string `json:"author"`
	Committer string `json:"committer"`
}

// A Review is one of a pull request's, as GitHub has it now.
type Review struct {
	Reviewer string `json:"reviewer"`
	// State is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.
	State string `json:"state"`
	// Commit is what was reviewed.
	Commit string    `json:"commit"`
	At     time.Time `json:"at"`
	// Permission is what the reviewer may do in the repository: admin, write,
	// read or none.
	Permission string `json:"permission"`
}

// A Subject is what a Witness is asked about.
type Subject struct {
	Pipeline, Version, Tag string
	BundleID               string
	ArchiveSHA256          string
	// Commit is the one that the bundle was trained from.
	Commit string
}

// A Witness says what neither the registry nor the ledger knows. An error is a
// failure to find out; that there is nothing to be found is an answer.
type Witness interface {
	Provenance(ctx context.Context, about Subject) (Provenance, error)
	Approvals(ctx context.Context, about Subject) (Approvals, error)
	// Head is the last commit of a branch.
	Head(ctx context.Context, branch string) (string, error)
}
