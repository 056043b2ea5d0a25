package bundle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/bundle"
)

// The order is that of the examples of semver.org, item 11.
func ExampleVersion_Compare() {
	texts := []string{"2.0.0", "1.0.0", "1.10.0", "1.9.0", "1.0.0-rc.1", "1.0.0-beta.11", "1.0.0-beta.2", "1.0.0-beta", "1.0.0-alpha.beta", "1.0.0-alpha.1", "1.0.0-alpha"}
	var versions []bundle.Version
	for _, s := range texts {
		v, err := bundle.ParseVersion(s)
		if err != nil {
			panic(err)
		}
		versions = append(versions, v)
	}
	slices.SortFunc(versions, bundle.Version.Compare)
	for _, v := range versions {
		fmt.Println(v)
	}
	// Output:
	// 1.0.0-alpha
	// 1.0.0-alpha.1
	// 1.0.0-alpha.beta
	// 1.0.0-beta
	// 1.0.0-beta.2
	// 1.0.0-beta.11
	// 1.0.0-rc.1
	// 1.0.0
	// 1.9.0
	// 1.10.0
	// 2.0.0
}

func TestParseVersion(t *testing.T) {
	for _, s := range []string{"0.0.0", "1.2.3", "10.20.30", "1.0.0-rc.1", "1.0.0-0.3.7", "1.0.0-x-y-z.4", "1.0.0--", "18446744073709551615.0.0", "1.0.0-99999999999999999999999"} {
		if v, err := bundle.ParseVersion(s); err != nil || v.String() != s || v.Compare(v) != 0 {
			t.Errorf("ParseVersion(%q) = %v, %v", s, v, err)
		}
	}
	for _, s := range []string{
		"", "1", "1.2", "1.2.3.4", "v1.2.3", "V1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "01.2.3", "1.02.3", "1.2.03",
		"1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3-a_b", "1.2.3-RC.1", "1.2.3+build", "1.2.3-rc.1+build", "-1.2.3",
		"1.2.x", "１.2.3", "18446744073709551616.0.0", "1.2.3/../4", "1.0.0-" + strings.Repeat("a", 100),
	} {
		if v, err := bundle.ParseVersion(s); err == nil {
			t.Errorf("%q passes for the version %v", s, v)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, s := range []string{"flight-delay", "a", "7", "dev", "a--b-"} {
		if err := bundle.CheckName("stage", s); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []string{"", "-a", "A", "a_b", "a.b", "a/b", "a b", "a\n", "ä", "a#b", "a@v1", "..", strings.Repeat("a", 101)} {
		if err := bundle.CheckName("stage", s); err == nil || !strings.Contains(err.Error(), "stage") {
			t.Errorf("%q passes for a name: %v", s, err)
		}
	}
}
