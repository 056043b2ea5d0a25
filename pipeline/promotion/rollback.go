package promotion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/registry"
)

// ErrNoWayBack means that a stage holds nothing that could be put back.
var ErrNoWayBack = errors.New("no way back")

// Previous is the version that a rollback of a stage goes to: the last one that
// served there before the present one, was not itself rolled back from, and
// still verifies. passed names the versions in between that do not. Nothing to
// go back to is ErrNoWayBack.
func Previous(ctx context.Context, versions registry.Registry, pipeline, stage string) (version string, passed []string, err error) {
	history, err := versions.History(ctx, pipeline)
	if err != nil {
		return "", nil, err
	}
	present, found := registry.Current(history, stage)
	if !found {
		return "", nil, fmt.Errorf("no version of %s is on %s: %w", pipeline, stage, ErrNoWayBack)
	}
	for _, event := range earlier(history, present) {
		b, _, err := versions.Fetch(ctx, pipeline, event.Version)
		switch {
		case errors.Is(err, registry.ErrCorrupt), errors.Is(err, registry.ErrNotFound), err == nil && b.ID != event.BundleID:
			passed = append(passed, event.Version)
			continue
		case err != nil:
			return "", nil, err
		}
		return event.Version, passed, nil
	}
	reason := fmt.Sprintf("%s has only had version %s", stage, present.Version)
	left := others(history, present)
	switch {
	case len(passed) > 0:
		reason = fmt.Sprintf("of what served on %s before, %s does not verify any more", stage, strings.Join(passed, ", "))
	case len(left) > 0:
		reason = fmt.Sprintf("%s has gone back to version %s already, from %s", stage, present.Version, strings.Join(left, ", "))
	}
	return "", nil, fmt.Errorf("%s: %w; promote another version to %s", reason, ErrNoWayBack, stage)
}

// earlier are the events of a stage before the present one, latest first, each
// bundle once, without those that were rolled back from.
func earlier(history []registry.Assignment, present registry.Assignment) []registry.Assignment {
	var stage []registry.Assignment
	for _, event := range history {
		if event.Stage == present.Stage {
			stage = append(stage, event)
		}
	}
	slices.SortFunc(stage, func(a, b registry.Assignment) int { return b.Sequence - a.Sequence })
	left := map[string]bool{present.BundleID: true}
	for i, event := range stage {
		if operationOf(event) == OperationRollback && i+1 < len(stage) {
			left[stage[i+1].BundleID] = true
		}
	}
	var all []registry.Assignment
	for _, event := range stage {
		if !left[event.BundleID] {
			left[event.BundleID] = true
			all = append(all, event)
		}
	}
	return all
}

// others are the versions besides the present one that a stage has had, in their
// order.
func others(history []registry.Assignment, present registry.Assignment) []string {
	var versions []string
	for _, event := range history {
		if event.Stage == present.Stage && event.BundleID != present.BundleID && !slices.Contains(versions, event.Version) {
			versions = append(versions, event.Version)
		}
	}
	return versions
}

// operationOf is what an event's record says that it was. A record that says
// nothing is of a promotion.
func operationOf(event registry.Assignment) Operation {
	var record struct {
		Operation Operation `json:"operation"`
	}
	if json.Unmarshal(event.Decision, &record) != nil || record.Operation != OperationRollback {
		return OperationPromote
	}
	return OperationRollback
}
