package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestSummarise(t *testing.T) {
	const (
		pass  = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		fail  = `{"Action":"output","Package":"p","Test":"TestB","Output":"b is wrong\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestB"}` + "\n"
		skip  = `{"Action":"output","Package":"p","Test":"TestC","Output":"no act\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestC"}` + "\n"
		ended = `{"Action":"output","Package":"p","Output":"ok p 1s\n"}` + "\n" + `{"Action":"pass","Package":"p"}` + "\n"
		died  = `{"Action":"output","Package":"p","Output":"panic\n"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
		empty = `{"Action":"output","Package":"q","Output":"? q [no test files]\n"}` + "\n" + `{"Action":"skip","Package":"q"}` + "\n"
	)
	tests := []struct {
		name, in, allow string
		want            result
		says            string
	}{
		{"all pass", pass + ended + empty, "", result{1, 0}, "ok p 1s"},
		{"a test fails", pass + fail + died, "", result{1, 1}, "b is wrong"},
		{"a package dies", pass + died, "", result{1, 1}, "panic"},
		{"a skip", pass + skip + ended, "", result{1, 1}, "p.TestC"},
		{"an allowed skip", pass + skip + ended, "no act", result{1, 0}, "p.TestC"},
		{"another skip is allowed", pass + skip + ended, "no browser", result{1, 1}, "no act"},
		{"nothing ran", "", "", result{0, 0}, "no test passed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var allowed patterns
			if test.allow != "" {
				allowed = patterns{regexp.MustCompile(test.allow)}
			}
			var out, failed strings.Builder
			got, err := summarise(strings.NewReader(test.in), &out, &failed, allowed)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, out.String())
			}
			if said := strings.Contains(failed.String(), test.says); said != (test.want.failed > 0) {
				t.Errorf("of the failures it says:\n%s", failed.String())
			}
		})
	}
}

func TestSummariseRefusesForeignLines(t *testing.T) {
	if _, err := summarise(strings.NewReader("go: no such module\n"), &strings.Builder{}, &strings.Builder{}, nil); err == nil {
		t.Error("accepted")
	}
}
