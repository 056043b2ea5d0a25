package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// KindVersion is the kind of the change of the version itself, which asks for no
// bump.
const KindVersion = "version"

// A Bump is the part of a semantic version that must rise.
type Bump string

// The bumps, least first.
const (
	BumpNone  Bump = "none"
	BumpPatch Bump = "patch"
	BumpMinor Bump = "minor"
	BumpMajor Bump = "major"
)

// RequiredBump is what a list of changes asks of the version: major where one is
// breaking for producers or consumers, minor where one is compatible, patch
// where all are documentation.
func RequiredBump(changes []Change) Bump {
	bump := BumpNone
	for _, c := range changes {
		if c.Kind == KindVersion {
			continue
		}
		switch c.Level() {
		case Breaking:
			return BumpMajor
		case Compatible:
			bump = BumpMinor
		case Documentation:
			if bump == BumpNone {
				bump = BumpPatch
			}
		}
	}
	return bump
}

// ModelEffect is the greatest effect that a list of changes has on the model.
func ModelEffect(changes []Change) Effect {
	effect := NoEffect
	for _, c := range changes {
		if c.Model.rank() > effect.rank() {
			effect = c.Model
		}
	}
	return effect
}

// The codes of the findings about changes.
const (
	CodeVersionBump    = "contract/version-bump"
	CodeBreaking       = "contract/breaking-change"
	CodeCompatible     = "contract/compatible-change"
	CodeDocumentation  = "contract/documentation-change"
	CodeModel          = "contract/model"
	CodeBaseUnreadable = "contract/base-unreadable"
)

// Findings says each change: the breaking ones as warnings, because they are
// allowed to whoever says so in the version.
func Findings(changes []Change) []report.Finding {
	var findings []report.Finding
	for _, c := range changes {
		code, severity := CodeDocumentation, report.Info
		switch {
		case c.Kind == KindVersion:
			continue
		case c.Level() == Breaking:
			code, severity = CodeBreaking, report.Warning
		case c.Level() == Compatible:
			code = CodeCompatible
		}
		findings = append(findings, report.Finding{
			Code: code, Severity: severity, Position: c.Position,
			Message: fmt.Sprintf("%s: %s (%s)", c.Path, c.Message, c.forWhom()),
		})
	}
	return findings
}

func (c Change) forWhom() string {
	var broken []string
	if c.Producers == Breaking {
		broken = append(broken, "producers")
	}
	if c.Consumers == Breaking {
		broken = append(broken, "consumers")
	}
	said := string(c.Level())
	if broken != nil {
		said = "breaking for " + strings.Join(broken, " and ")
	}
	if c.Model != NoEffect {
		said += "; the model: " + string(c.Model)
	}
	return said
}

// CheckVersion holds the new version against the changes, and says what they
// mean for the model. Without changes it says nothing but that the version may
// not fall.
func CheckVersion(before, after *Contract, changes []Change) []report.Finding {
	if len(changes) == 0 {
		return nil
	}
	var findings []report.Finding
	bump := RequiredBump(changes)
	if message := versionFault(before.Version, after.Version, bump); message != "" {
		findings = append(findings, report.Finding{
			Code: CodeVersionBump, Severity: report.Error, Position: after.Position("version"),
			Message: fmt.Sprintf("contract %s: %s", after.title(), message), Remedy: bumpRemedy(before.Version, bump, changes),
		})
	}
	if bump == BumpNone {
		return findings
	}
	message, severity := "no edit changes what the model sees; it need not be trained again", report.Info
	switch ModelEffect(changes) {
	case Recheck:
		message = "the model need not be trained again, but its metrics must be looked at: " + first(changes, func(c Change) bool { return c.Model == Recheck })
	case Retrain:
		message, severity = "the model must be trained again: "+first(changes, func(c Change) bool { return c.Model == Retrain }), report.Warning
	}
	return append(findings, report.Finding{
		Code: CodeModel, Severity: severity, Position: after.Position("version"), Message: fmt.Sprintf("contract %s: %s", after.title(), message),
	})
}

// first says one of the changes that are such, and how many more there are.
func first(changes []Change, such func(Change) bool) string {
	said, more := "", 0
	for _, c := range changes {
		switch {
		case !such(c):
		case said == "":
			said = c.Path + ": " + c.Message
		default:
			more++
		}
	}
	if more > 0 {
		said += fmt.Sprintf(" (and %d more)", more)
	}
	return said
}

func bumpRemedy(before string, bump Bump, changes []Change) string {
	next := nextVersion(before, bump)
	if next == "" {
		return "write a version like 1.0.0 that is greater than the one before"
	}
	level := map[Bump]Level{BumpMajor: Breaking, BumpMinor: Compatible, BumpPatch: Documentation}[bump]
	why := first(changes, func(c Change) bool { return c.Kind != KindVersion && c.Level() == level })
	if why == "" {
		return "write " + before + " again, or a greater version"
	}
	return fmt.Sprintf("write version: %s or greater, because this is %s: %s", next, level, why)
}

// A version is the numbers of a semantic version and what stands after them.
type version struct {
	numbers [3]int
	pre     string
}

func parseVersion(text string) (version, bool) {
	if !semanticVersion.MatchString(text) {
		return version{}, false
	}
	text, _, _ = strings.Cut(text, "+")
	core, pre, _ := strings.Cut(text, "-")
	v := version{pre: pre}
	for i, part := range strings.Split(core, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return version{}, false
		}
		v.numbers[i] = n
	}
	return v, true
}

// versionFault is what is wrong with going from one version to another under a
// bump; empty where nothing is. From a pre-release on, any greater version will
// do (semver.org, 9).
func versionFault(before, after string, bump Bump) string {
	was, okWas := parseVersion(before)
	is, okIs := parseVersion(after)
	if !okWas || !okIs {
		return fmt.Sprintf("the versions %q and %q cannot be compared", clip(before), clip(after))
	}
	order := compareVersions(was, is)
	bump = bump.after(was.numbers)
	switch {
	case order < 0:
		return fmt.Sprintf("the version fell from %s to %s", before, after)
	case order == 0 && bump != BumpNone:
		return fmt.Sprintf("it changed and still says %s; this asks for a %s version", after, bump)
	case bump == BumpNone || was.pre != "":
		return ""
	}
	if slices.Compare(is.numbers[:], next(was.numbers, bump)) < 0 {
		return fmt.Sprintf("its version went from %s to %s; what changed asks for a %s version", before, after, bump)
	}
	return ""
}

// compareVersions is above 0 where b is greater. A pre-release comes before its
// release; two of them compare as texts, numbers first.
func compareVersions(a, b version) int {
	if order := slices.Compare(b.numbers[:], a.numbers[:]); order != 0 {
		return order
	}
	switch {
	case a.pre == b.pre:
		return 0
	case a.pre == "":
		return -1
	case b.pre == "":
		return 1
	}
	return slices.CompareFunc(strings.Split(b.pre, "."), strings.Split(a.pre, "."), func(x, y string) int {
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		switch {
		case errM == nil && errN == nil:
			return cmp.Compare(m, n)
		case errM == nil:
			return -1
		case errN == nil:
			return 1
		}
		return strings.Compare(x, y)
	})
}

// after is the bump that a version asks for: below 1.0.0 nothing is promised for
// long, so that a breaking change asks for the second number and every other for
// the third, as in many package managers.
func (b Bump) after(numbers [3]int) Bump {
	if numbers[0] > 0 {
		return b
	}
	switch b {
	case BumpMajor:
		return BumpMinor
	case BumpMinor:
		return BumpPatch
	}
	return b
}

func next(numbers [3]int, bump Bump) []int {
	switch bump {
	case BumpMajor:
		return []int{numbers[0] + 1, 0, 0}
	case BumpMinor:
		return []int{numbers[0], numbers[1] + 1, 0}
	case BumpPatch:
		return []int{numbers[0], numbers[1], numbers[2] + 1}
	}
	return numbers[:]
}

// nextVersion is the least version that a bump asks for.
func nextVersion(before string, bump Bump) string {
	v, ok := parseVersion(before)
	if !ok {
		return ""
	}
	numbers := next(v.numbers, bump.after(v.numbers))
	return fmt.Sprintf("%d.%d.%d", numbers[0], numbers[1], numbers[2])
}
