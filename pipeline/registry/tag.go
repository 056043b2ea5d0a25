package registry

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/bundle"
)

// ParseVersion reads a version like 1.2.3 or 1.2.3-rc.1, without a leading v.
func ParseVersion(s string) (bundle.Version, error) {
	return bundle.ParseVersion(s)
}

// VersionTag names a registration as GTO does: name@v1.2.3.
func VersionTag(name, version string) string {
	return name + "@v" + version
}

// ParseVersionTag is the inverse of VersionTag.
func ParseVersionTag(tag string) (name, version string, err error) {
	name, version, found := strings.Cut(tag, "@v")
	if !found || CheckVersion(name, version) != nil {
		return "", "", fmt.Errorf("%q does not name a version: write it like flight-delay@v1.2.3", tag)
	}
	return name, version, nil
}

// StageTag names an assignment as GTO does: name#stage#N.
func StageTag(name, stage string, sequence int) string {
	return fmt.Sprintf("%s#%s#%d", name, stage, sequence)
}

// ParseStageTag is the inverse of StageTag.
func ParseStageTag(tag string) (name, stage string, sequence int, err error) {
	parts := strings.Split(tag, "#")
	if len(parts) == 3 {
		sequence, err = strconv.Atoi(parts[2])
		if err == nil && sequence > 0 && StageTag(parts[0], parts[1], sequence) == tag &&
			bundle.CheckName("bundle name", parts[0]) == nil && bundle.CheckName("stage", parts[1]) == nil {
			return parts[0], parts[1], sequence, nil
		}
	}
	return "", "", 0, fmt.Errorf("%q does not name a stage event: write it like flight-delay#prod#3", tag)
}
