// Package registry says which bundle versions exist and which of them is on
// which stage.
//
//  1. Training registers a bundle: a version of a name, for ever bound to one
//     bundle id. Registering the same again changes nothing; registering
//     another bundle as the same version is a conflict.
//  2. Promotion assigns a registered version to a stage. An assignment is an
//     event with a number; it is appended, never changed or removed, and the
//     number makes sure that of two promotions at once one wins.
//  3. The present of a stage is the fold of its events (Current), and so is any
//     moment of its past (At).
//  4. Scoring fetches the version that is on its stage; the bundle is verified
//     against its registration on the way.
//
// Registry is the port. Package dir keeps it in a folder; package registrytest
// holds the one suite that every adapter passes. The checks and the encoding
// that adapters share are here too, so that no adapter can be laxer.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/linecook-ml/linecook/pipeline/bundle"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrConflict: somebody else got there first, or the version is taken.
	ErrConflict = errors.New("conflict")
	// ErrNotFound: no such version.
	ErrNotFound = errors.New("not found")
	// ErrCorrupt: what is stored contradicts itself; nothing of it may be used.
	ErrCorrupt = errors.New("corrupt registry")
	// ErrUnconfirmed: a Confirmation contradicts an event, or nothing stands behind
	// it.
	ErrUnconfirmed = errors.New("unconfirmed event")
)

// A Registration is the fact that a version exists.
type Registration struct {
	Name     string `json:"name"`
	Version  string `json:"version"`   // semantic version without a leading v
	BundleID string `json:"bundle_id"` // digest of the manifest
	// ArchiveSHA256 and Size describe the compressed file as it was published.
	ArchiveSHA256 string    `json:"archive_sha256"`
	Size          int64     `json:"size"` // bytes
	RegisteredAt  time.Time `json:"registered_at"`
	Actor         string    `json:"actor"`
}

// An Assignment is the event that puts a version on a stage.
type Assignment struct {
	Name     string `json:"name"`
	Stage    string `json:"stage"`
	Sequence int    `json:"sequence"` // counts from 1 within the stage
	Version  string `json:"version"`
	BundleID string `json:"bundle_id"`
	// At says when, by the clock of who promoted. The order of events is that
	// of their sequence.
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	// Decision is the record of why it was allowed: a JSON object, stored in
	// canonical form.
	Decision json.RawMessage `json:"decision"`
	Reason   string          `json:"reason"`
}

// A Confirmation says whether what is on some stages of a pipeline is what
// happened, by what somebody else than the registry knows of it; that nothing is
// on one is held against that, too. Where no stage is named it is asked of all
// that anybody knows of. What did not happen so is ErrUnconfirmed; another error
// is that nobody could be asked. A nil Confirmation is nobody else.
type Confirmation func(ctx context.Context, name string, history []Assignment, stages ...string) error

// A Registry stores registrations and assignments.
type Registry interface {
	// Register stores archive under reg's name and version. reg's BundleID,
	// ArchiveSHA256 and Size are filled in where empty and otherwise must be the
	// archive's. A version that exists with the same bundle id is returned as
	// it is, nothing written; with another, the error is ErrConflict.
	Register(ctx context.Context, reg Registration, archive []byte) (Registration, error)
	// Registrations returns the versions of name by semantic version, lowest
	// first; none is not an error.
	Registrations(ctx context.Context, name string) ([]Registration, error)
	// Fetch returns a verified bundle, or ErrNotFound, or ErrCorrupt if what is
	// stored is not what was registered.
	Fetch(ctx context.Context, name, version string) (*bundle.Bundle, Registration, error)
	// Assign appends an event. Its Sequence must be one more than the stage has
	// (see Next), or the error is ErrConflict; as it is if the version is on the
	// stage already. The version must be registered with that BundleID.
	Assign(ctx context.Context, a Assignment) (Assignment, error)
	// History returns the events of all stages of name, by stage and sequence;
	// none is not an error.
	History(ctx context.Context, name string) ([]Assignment, error)
}

// Current returns what is on the stage: its last event.
func Current(history []Assignment, stage string) (Assignment, bool) {
	var current Assignment
	for _, a := range history {
		if a.Stage == stage && a.Sequence > current.Sequence {
			current = a
		}
	}
	return current, current.Sequence > 0
}

// At returns what was on the stage at the moment t: the last event, by
// sequence, that was not later than t.
func At(history []Assignment, stage string, t time.Time) (Assignment, bool) {
	var past []Assignment
	for _, a := range history {
		if !a.At.After(t) {
			past = append(past, a)
		}
	}
	return Current(past, stage)
}

// Next returns the sequence that the stage's next event must have.
func Next(history []Assignment, stage string) int {
	current, _ := Current(history, stage)
	return current.Sequence + 1
}
