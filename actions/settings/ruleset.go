package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// rulesetFolder is where a repository keeps its rulesets as files.
const rulesetFolder = ".github/rulesets"

// errBypassHidden: only an administrator's token sees who may bypass a ruleset.
var errBypassHidden = errors.New("the token does not see who may bypass it")

// rulesetsOf are the settings for the ruleset files in dir. A repository without
// any has nothing that holds its tags, which is a mistake.
func rulesetsOf(client *github.Client, dir string) ([]setting, error) {
	files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(rulesetFolder), "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, command.UsageError(fmt.Errorf("there are no rulesets in %s; `linecook init` writes them, and those of linecook's own repository can be copied", filepath.Join(dir, rulesetFolder)))
	}
	slices.Sort(files)
	var settings []setting
	seen := map[string]string{}
	for _, file := range files {
		wanted, err := readRuleset(file)
		if err != nil {
			return nil, command.UsageError(fmt.Errorf("%s: %w", file, err))
		}
		name := wanted["name"].(string)
		if other, twice := seen[name]; twice {
			return nil, command.UsageError(fmt.Errorf("%s and %s are both called %q; GitHub tells rulesets apart by name", other, file, name))
		}
		seen[name] = file
		settings = append(settings, rulesetSetting(client, file, name, wanted))
	}
	return settings, nil
}

// readRuleset reads a ruleset as GitHub exports it.
func readRuleset(file string) (github.Ruleset, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var fields struct {
		Name        string            `json:"name"`
		Target      string            `json:"target"`
		Enforcement string            `json:"enforcement"`
		Conditions  map[string]any    `json:"conditions"`
		Rules       []json.RawMessage `json:"rules"`
		Bypass      []any             `json:"bypass_actors"`
		// An export has these too; they mean nothing elsewhere.
		ID         int64  `json:"id,omitempty"`
		Source     string `json:"source,omitempty"`
		SourceType string `json:"source_type,omitempty"`
	}
	if err := canonical.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	switch {
	case fields.Name == "" || fields.Target == "" || fields.Enforcement == "":
		return nil, errors.New("a ruleset needs name, target and enforcement")
	case len(fields.Rules) == 0:
		return nil, errors.New("a ruleset without rules holds nothing")
	}
	var ruleset github.Ruleset
	if err := json.Unmarshal(text, &ruleset); err != nil {
		return nil, err
	}
	for _, key := range []string{"id", "source", "source_type"} {
		delete(ruleset, key)
	}
	if ruleset["bypass_actors"] == nil {
		ruleset["bypass_actors"] = []any{}
	}
	return ruleset, nil
}

func rulesetSetting(client *github.Client, file, name string, wanted github.Ruleset) setting {
	var id int64 // what look found
	return setting{
		code: "ruleset/" + strings.TrimSuffix(filepath.Base(file), ".json"), what: fmt.Sprintf("the ruleset %q is as in its file", name),
		look: func(ctx context.Context) ([]string, error) {
			all, err := client.Rulesets(ctx)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(all, func(r github.NamedRuleset) bool { return r.Name == name })
			if i < 0 {
				return []string{"there is none of that name"}, nil
			}
			id = all[i].ID
			actual, err := client.Ruleset(ctx, id)
			if err != nil {
				return nil, err
			}
			differences := differ("", map[string]any(wanted), map[string]any(actual))
			if _, shown := actual["bypass_actors"]; !shown {
				differences = slices.DeleteFunc(differences, func(d string) bool { return strings.HasPrefix(d, "bypass_actors") })
				if len(differences) == 0 {
					return nil, errBypassHidden
				}
			}
			return differences, nil
		},
		apply: func(ctx context.Context) error { return client.PutRuleset(ctx, id, wanted) },
	}
}

// differ lists where actual is not as wanted. What wanted does not name may be
// as it is: GitHub adds defaults. Rules are told apart by their type, and one
// that nobody asked for is a difference.
func differ(at string, wanted, actual any) []string {
	switch wanted := wanted.(type) {
	case map[string]any:
		fields, ok := actual.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %s, the file says %s", at, short(actual), short(wanted))}
		}
		var differences []string
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			differences = append(differences, differ(strings.TrimPrefix(at+"."+key, "."), wanted[key], fields[key])...)
		}
		return differences
	case []any:
		if at == "rules" {
			return differ(at, byType(wanted), byType(actual)) // the order of rules means nothing
		}
		list, _ := actual.([]any)
		if !sameList(wanted, list) {
			return []string{fmt.Sprintf("%s is %s, the file says %s", at, short(actual), short(wanted))}
		}
		return nil
	}
	if wanted != actual {
		return []string{fmt.Sprintf("%s is %s, the file says %s", at, short(actual), short(wanted))}
	}
	return nil
}

// sameList compares lists without regard to their order: none of GitHub's here
// has one.
func sameList(wanted, actual []any) bool {
	if len(wanted) != len(actual) {
		return false
	}
	left := slices.Clone(actual)
	for _, item := range wanted {
		i := slices.IndexFunc(left, func(other any) bool { return len(differ("", item, other)) == 0 })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// byType is a list of rules as an object, with the types of all of them as one
// more field, so that a rule too many is seen.
func byType(list any) any {
	rules, _ := list.([]any)
	fields, types := map[string]any{}, []any{}
	for _, rule := range rules {
		one, _ := rule.(map[string]any)
		kind, _ := one["type"].(string)
		fields[kind] = rule
		types = append(types, kind)
	}
	fields["types"] = types
	return fields
}

func short(value any) string {
	if value == nil {
		return "not set"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
