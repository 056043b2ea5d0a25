// Package promotion asks whether a bundle may serve on a stage, and puts it
// there when the answer is yes.
//
//  1. Gather opens and verifies the candidate, reads its evaluation, the stage
//     history, the champion's evaluation and the ledger: Evidence, facts only.
//  2. A Decider weighs the Evidence against what the Stage requires: a
//     Decision, with one Denial for each requirement that was not shown.
//  3. Promote assigns the version to the stage with the Decision as its record,
//     or returns the denials and changes nothing.
//
// The types live here and the engine that decides lives in package policy, so
// that nothing under pipeline depends on a policy engine. A Decision carries
// the whole Evidence and the Stage it was weighed against: it can be decided
// again, years later, without the registry that it came from.
package promotion
