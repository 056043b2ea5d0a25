package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// lintRules is what is asked of a contract whose keys and types are sound, in
// order.
var lintRules = []func(*linter){
	lintHeader,
	lintServers,
	lintIDs,
	lintObjects,
	lintProperties,
	lintKeys,
	lintQuality,
	lintQueries,
	lintZones,
	lintCustom,
	lintPromises,
}

type linter struct {
	contract *Contract
	findings []report.Finding
	duck     *engine
}

func lint(c *Contract) []report.Finding {
	l := &linter{contract: c}
	for _, rule := range lintRules {
		rule(l)
	}
	if l.duck != nil {
		// It was only asked; there is nothing to lose in closing it.
		_ = l.duck.close()
	}
	return l.findings
}

func (l *linter) error(code, remedy string, path []any, format string, args ...any) {
	l.add(report.Error, code, remedy, path, format, args...)
}

func (l *linter) warn(code, remedy string, path []any, format string, args ...any) {
	l.add(report.Warning, code, remedy, path, format, args...)
}

func (l *linter) note(code, remedy string, path []any, format string, args ...any) {
	l.add(report.Info, code, remedy, path, format, args...)
}

func (l *linter) add(severity report.Severity, code, remedy string, path []any, format string, args ...any) {
	l.findings = append(l.findings, report.Finding{
		Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Remedy: remedy, Position: l.contract.Position(path...),
	})
}

// at makes a path; join extends one without sharing its memory.
func at(steps ...any) []any { return steps }

func join(path []any, steps ...any) []any { return append(slices.Clone(path), steps...) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// semanticVersion is the grammar of semver.org 2.0.0, without its bounds on
// numeric pre-release identifiers.
var semanticVersion = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func lintHeader(l *linter) {
	c := l.contract
	if strings.HasPrefix(c.APIVersion, "v2.") {
		l.error("contract/api-version", "move the contract to v3.1.0; its columns are then called properties",
			at("apiVersion"), "contracts of %s have another structure and are not read", c.APIVersion)
	}
	if !semanticVersion.MatchString(c.Version) {
		l.error("contract/version", "write it like 1.0.0, in quotes", at("version"), "the contract's version %q is not MAJOR.MINOR.PATCH", c.Version)
	}
	for _, field := range []struct{ key, value string }{{"id", c.ID}, {"status", c.Status}} {
		if strings.TrimSpace(field.value) == "" {
			l.error("contract/empty-value", "give it a value", at(field.key), "the contract's %s is empty", field.key)
		}
	}
}

func lintServers(l *linter) {
	seen := map[string]bool{}
	for i, s := range l.contract.Servers {
		path := at("servers", i)
		if seen[s.Server] {
			l.error("contract/duplicate-name", "give each server a name of its own", join(path, "server"), "two servers are called %q", s.Server)
		}
		seen[s.Server] = true
		if !contains(ReadServers, s.Type) {
			l.note("contract/server-unread", "", join(path, "type"), "linecook cannot read from a server of type %s; %q is documentation", s.Type, s.Server)
		}
		for _, keys := range serverKeys {
			if keys.typ != s.Type {
				continue
			}
			for _, key := range specificServerKeys {
				known := contains(keys.required, key)
				switch has := l.contract.doc.Has(join(path, key)...); {
				case has && !known && !contains(keys.optional, key):
					l.error("contract/server-key", "remove it, or correct the type", join(path, key), "a server of type %s has no %s", s.Type, key)
				case !has && known:
					l.error("contract/server-key", "add it", path, "the server %q lacks %s, which type %s needs", s.Server, key, s.Type)
				}
			}
		}
	}
}

// lintIDs holds the standard's rule that an id is unique in its list.
func lintIDs(l *linter) {
	c := l.contract
	uniqueIDs(l, c.Servers, func(s Server) StableID { return s.ID }, "servers")
	uniqueIDs(l, c.Roles, func(r Role) StableID { return r.ID }, "roles")
	uniqueIDs(l, c.Support, func(s Support) StableID { return s.ID }, "support")
	uniqueIDs(l, c.SLAProperties, func(s SLAProperty) StableID { return s.ID }, "slaProperties")
	uniqueIDs(l, c.CustomProperties, func(p CustomProperty) StableID { return p.ID }, "customProperties")
	uniqueIDs(l, c.Schema, func(o Object) StableID { return o.ID }, "schema")
	for i, o := range c.Schema {
		uniqueIDs(l, o.Properties, func(p Property) StableID { return p.ID }, "schema", i, "properties")
		uniqueIDs(l, o.Quality, func(r Rule) StableID { return r.ID }, "schema", i, "quality")
		for j, p := range o.Properties {
			uniqueIDs(l, p.Quality, func(r Rule) StableID { return r.ID }, "schema", i, "properties", j, "quality")
		}
	}
}

func uniqueIDs[T any](l *linter, list []T, id func(T) StableID, path ...any) {
	seen := map[StableID]bool{}
	for i, item := range list {
		key := id(item)
		if key != "" && seen[key] {
			l.error("contract/duplicate-id", "give each element an id of its own", join(path, i, "id"), "the id %q stands twice in this list", key)
		}
		seen[key] = true
	}
}

func lintObjects(l *linter) {
	c := l.contract
	if len(c.Schema) == 0 {
		l.error("contract/no-schema", "describe the table under schema", at("schema"), "the contract has no schema, so it would check nothing")
	}
	seen := map[string]bool{}
	for i, o := range c.Schema {
		switch {
		case strings.TrimSpace(o.Name) == "":
			l.error("contract/empty-value", "give it a value", at("schema", i, "name"), "the name of a schema object is empty")
		case seen[strings.ToLower(o.Name)]:
			l.error("contract/duplicate-name", "give each object a name of its own", at("schema", i, "name"), "two schema objects are called %q", o.Name)
		}
		seen[strings.ToLower(o.Name)] = true
		if len(o.Properties) == 0 {
			l.error("contract/no-properties", "list the columns under properties", at("schema", i), "the schema object %q has no properties, so it would check nothing", o.Name)
		}
	}
}
