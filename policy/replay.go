package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// Where files stand in the text of a policy: those that linecook ships, and a
// repository's own.
const (
	shippedPrefix = "linecook/"
	ownPrefix     = "own/"
)

// text is everything that a policy's digest is of.
func text(schema []byte, shipped, own map[string]string) map[string]string {
	all := map[string]string{shippedPrefix + schemaFile: string(schema)}
	for name, source := range shipped {
		all[shippedPrefix+name] = source
	}
	for name, source := range own {
		all[ownPrefix+name] = source
	}
	return all
}

// recorded is the engine of a policy from its text, as Engine.Policy gave it.
func recorded(ctx context.Context, files map[string]string) (*Engine, error) {
	shipped, own := map[string]string{}, map[string]string{}
	schema, found := files[shippedPrefix+schemaFile]
	if !found {
		return nil, fmt.Errorf("the record holds no %s", shippedPrefix+schemaFile)
	}
	for name, source := range files {
		switch relative, ships := strings.CutPrefix(name, shippedPrefix); {
		case ships && relative == schemaFile:
		case ships:
			shipped[relative] = source
		case strings.HasPrefix(name, ownPrefix):
			own[strings.TrimPrefix(name, ownPrefix)] = source
		default:
			return nil, fmt.Errorf("the record holds %s, which is no file of a policy", name)
		}
	}
	return build(ctx, []byte(schema), shipped, Options{Modules: own})
}

// kept is what a replay reads of a record. Evidence and requirement stay as they
// were written: their form may be another linecook's.
type kept struct {
	Allowed           bool              `json:"allowed"`
	Required          []string          `json:"required"`
	Passed            []string          `json:"passed"`
	Denials           []json.RawMessage `json:"denials"`
	PolicyDigest      string            `json:"policy_digest"`
	EvidenceDigest    string            `json:"evidence_digest"`
	RequirementDigest string            `json:"requirement_digest"`
	Requirement       json.RawMessage   `json:"requirement"`
	Evidence          json.RawMessage   `json:"evidence"`
	Policy            map[string]string `json:"policy"`
}

// A Replayed is a recorded decision beside the one that was made again.
type Replayed struct {
	// Allowed and Passed are the answer of now, nil and false where there is none.
	Allowed bool     `json:"allowed"`
	Passed  []string `json:"passed"`
	// Differences say what did not come out the same, in order; empty means that
	// all did.
	Differences []string `json:"differences"`
	// PolicyDigest is of the policy that answered.
	PolicyDigest string `json:"policy_digest"`
}

// Same reports whether everything came out as it was recorded.
func (r Replayed) Same() bool { return len(r.Differences) == 0 }

// Present is the policy and the stages of now.
type Present struct {
	Engine *Engine
	Stages []promotion.Stage
}

// Replay makes a recorded decision again from the record's own evidence: under
// its own requirement and policy, or under those of now where present is not
// nil. What does not come out the same is a difference; a record that
// cannot be decided at all is one too. The error is the context's.
func Replay(ctx context.Context, record []byte, present *Present) (Replayed, error) {
	r := Replayed{Passed: []string{}, Differences: []string{}}
	differ := func(format string, values ...any) {
		r.Differences = append(r.Differences, fmt.Sprintf(format, values...))
	}
	var k kept
	if err := json.Unmarshal(record, &k); err != nil {
		differ("the record is no decision: %s", err)
		return r, nil
	}
	for _, name := range misplaced(record, k.Evidence) {
		differ("the record's %s is not that of its evidence", name)
	}
	for _, part := range []struct {
		name, digest string
		text         json.RawMessage
	}{{"evidence", k.EvidenceDigest, k.Evidence}, {"requirement", k.RequirementDigest, k.Requirement}} {
		// The digest is of the canonical text, which has no spaces to be told from.
		text, err := canonical.Transform(part.text)
		if err != nil {
			differ("the record holds no %s that can be read: %s", part.name, err)
			return r, nil
		}
		if digest := canonical.DigestBytes(text); digest != part.digest {
			differ("the %s is not what was decided on: its digest is %s, and %q is recorded", part.name, digest, part.digest)
		}
	}
	var engine *Engine
	if present != nil {
		engine = present.Engine
		requirement, err := present.requirement(k.Evidence)
		if err != nil {
			differ("there is no decision: %s", err)
			return r, nil
		}
		k.Requirement = requirement
	} else {
		var err error
		if engine, err = recorded(ctx, k.Policy); err != nil {
			differ("the recorded policy cannot decide: %s", err)
			return r, ctx.Err()
		}
		if engine.digest != k.PolicyDigest {
			differ("the policy is not what decided: its digest is %s, and %q is recorded", engine.digest, k.PolicyDigest)
		}
	}
	r.PolicyDigest = engine.digest
	input, err := json.Marshal(map[string]json.RawMessage{"evidence": k.Evidence, "requirement": k.Requirement})
	if err != nil {
		differ("the record cannot be read again: %s", err)
		return r, nil
	}
	answer, err := engine.weigh(ctx, input)
	if err != nil {
		differ("there is no decision: %s", err)
		return r, ctx.Err()
	}
	r.Allowed, r.Passed = answer.Allowed, answer.Passed
	if answer.Allowed != k.Allowed {
		differ("it is now %s, and was %s", verdict(answer.Allowed), verdict(k.Allowed))
	}
	for _, list := range []struct {
		name      string
		then, now []string
	}{
		{"required", k.Required, answer.Required},
		{"passed", k.Passed, answer.Passed},
		{"denied", codesOf(k.Denials), slices.Sorted(maps.Keys(answer.Denials))},
	} {
		for _, code := range list.now {
			if !slices.Contains(list.then, code) {
				differ("%s is %s now and was not", code, list.name)
			}
		}
		for _, code := range list.then {
			if !slices.Contains(list.now, code) {
				differ("%s was %s and is not now", code, list.name)
			}
		}
	}
	return r, nil
}

// requirement is that of now for the stage that the evidence asks for.
func (p *Present) requirement(evidence []byte) (json.RawMessage, error) {
	var asked struct {
		Stage string `json:"stage"`
	}
	if err := json.Unmarshal(evidence, &asked); err != nil {
		return nil, err
	}
	stage, err := promotion.FindStage(p.Stages, asked.Stage)
	if err != nil {
		return nil, err
	}
	return json.Marshal(complete(stage))
}

// misplaced are what a record says of itself otherwise than its evidence does.
func misplaced(record, evidence []byte) []string {
	var outer, inner, candidate map[string]json.RawMessage
	if json.Unmarshal(record, &outer) != nil || json.Unmarshal(evidence, &inner) != nil || json.Unmarshal(inner["candidate"], &candidate) != nil {
		return []string{"subject"}
	}
	names := []string{}
	for _, field := range []struct {
		name string
		in   map[string]json.RawMessage
	}{
		{"operation", inner}, {"pipeline", inner}, {"stage", inner}, {"at", inner}, {"actor", inner},
		{"version", candidate}, {"bundle_id", candidate},
	} {
		if !bytes.Equal(outer[field.name], field.in[field.name]) {
			names = append(names, field.name)
		}
	}
	return names
}

func verdict(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

// codesOf are the codes of recorded denials; one that cannot be read has the
// code "?".
func codesOf(denials []json.RawMessage) []string {
	codes := []string{}
	for _, denial := range denials {
		read := struct {
			Code string `json:"code"`
		}{"?"}
		if json.NewDecoder(bytes.NewReader(denial)).Decode(&read) != nil {
			read.Code = "?"
		}
		codes = append(codes, read.Code)
	}
	return codes
}
