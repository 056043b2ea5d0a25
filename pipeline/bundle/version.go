package bundle

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxName keeps names within what file systems, Git references and release
// assets take, with room for the versions and numbers that are added to them.
const maxName = 100

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// CheckName fails unless s can name a pipeline or a stage: lower-case letters,
// digits and hyphens, not beginning with a hyphen, at most 100 of them. what
// says in the error what s is the name of.
func CheckName(what, s string) error {
	if !nameForm.MatchString(s) || len(s) > maxName {
		return fmt.Errorf("the %s %q is not a name: use lower-case letters, digits and hyphens, at most %d, the first not a hyphen", what, s, maxName)
	}
	return nil
}

// A Version is a semantic version (semver.org, 2.0.0) without build metadata.
type Version struct {
	Major, Minor, Patch uint64
	// Pre holds the dot-separated identifiers of a pre-release, if it is one.
	Pre []string
}

// versionForm is semver's own grammar, less build metadata, since two versions
// that differ in it are equal in precedence; and less upper case, so that no
// file system takes two versions for one.
var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)` +
	`(?:-((?:0|[1-9][0-9]*|[0-9]*[a-z-][0-9a-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-z-][0-9a-z-]*))*))?$`)

// ParseVersion reads a version like 1.2.3 or 1.2.3-rc.1, without a leading v.
func ParseVersion(s string) (Version, error) {
	parts := versionForm.FindStringSubmatch(s)
	if parts == nil || len(s) > maxName {
		return Version{}, fmt.Errorf("%q is not a version: write it like 1.2.3 or 1.2.3-rc.1 (lower case, no leading v, no build metadata)", s)
	}
	var v Version
	for i, into := range []*uint64{&v.Major, &v.Minor, &v.Patch} {
		n, err := strconv.ParseUint(parts[i+1], 10, 64)
		if err != nil {
			return Version{}, fmt.Errorf("%q is not a version: %s is too large a number", s, parts[i+1])
		}
		*into = n
	}
	if parts[4] != "" {
		v.Pre = strings.Split(parts[4], ".")
	}
	return v, nil
}

// String is the inverse of ParseVersion.
func (v Version) String() string {
	s := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if len(v.Pre) > 0 {
		s += "-" + strings.Join(v.Pre, ".")
	}
	return s
}

// Compare is semver's precedence (item 11): negative when v comes before w.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch)); c != 0 {
		return c
	}
	switch {
	case len(v.Pre) == 0 && len(w.Pre) == 0:
		return 0
	case len(v.Pre) == 0:
		return 1
	case len(w.Pre) == 0:
		return -1
	}
	for i := range min(len(v.Pre), len(w.Pre)) {
		if c := comparePre(v.Pre[i], w.Pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.Pre), len(w.Pre))
}

// comparePre puts numbers before words and in numeric order. They have no
// leading zeros, so that the longer number is the larger.
func comparePre(a, b string) int {
	aNumber, bNumber := isNumber(a), isNumber(b)
	switch {
	case aNumber && bNumber:
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case aNumber:
		return -1
	case bNumber:
		return 1
	default:
		return cmp.Compare(a, b)
	}
}

func isNumber(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}
