package validation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/linecook-ml/linecook/pipeline/report"
)

func places(findings []report.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, fmt.Sprintf("%s %s", f.Position, f.Code))
	}
	return strings.Join(all, "\n")
}

func TestRequirements(t *testing.T) {
	digest := strings.Repeat("0", 64)
	tests := []struct {
		name, text string
		lines      []int // that are not pinned
	}{
		{"empty", "", nil},
		{"versions", "numpy==1.26.4\npandas [extra] == 2.2.0 ; python_version < '3.12'\n# a comment\nx===1.0 # why\n", nil},
		{"hashes", "numpy==1.26.4 \\\n    --hash=sha256:" + digest + " \\\n    --hash=sha256:" + digest + "\n", nil},
		{"one without hashes", "numpy==1.26.4 --hash=sha256:" + digest + "\npandas==2.2.0\n", []int{2}},
		{"a hash without a version", "numpy>=1 --hash=sha256:" + digest + "\n", []int{1}},
		{"ranges", "a\nb>=1\nc~=1.4\nd<2\ne==1.*\nf!=2\ng==1,<2\nh>1,==1.2\n", []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"options", "--index-url https://example.com/simple\n-r other.txt\n-c constraints.txt\n--require-hashes\n", nil},
		{"the repository itself", "-e .\n.\n./lib\n--editable ./lib\n", nil},
		{"addresses that move", "git+https://example.com/a.git@main\na @ https://example.com/a.whl\n-e git+https://example.com/a.git\n", []int{1, 2, 3}},
		{"addresses that do not", "git+https://example.com/a.git@" + commit + "#egg=a\na @ https://example.com/a.whl#sha256=" + digest + "\nb @ https://example.com/b.whl --hash=sha256:" + digest + "\n", nil},
		{"line ends of Windows", "a==1\r\nb\r\n", []int{2}},
		{"continued at the end", "a==1 \\", nil},
		{"an empty version", "a==\n", []int{1}},
		{"a path for a version", "a==../x\n", []int{1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var lines []int
			for _, f := range Requirements("requirements.txt", []byte(test.text)) {
				if f.Code != requirementCode || f.Severity != report.Error || f.Remedy == "" {
					t.Errorf("%+v", f)
				}
				lines = append(lines, f.Position.Line)
			}
			if !slices.Equal(lines, test.lines) {
				t.Errorf("lines %v, want %v", lines, test.lines)
			}
		})
	}
}

func TestProjects(t *testing.T) {
	tests := []struct {
		name, text string
		line       int // of the finding; 0 is none
	}{
		{"nothing", "[project]\nname = 'a'\n", 0},
		{"no dependencies", "[project]\ndependencies = []\n", 0},
		{"versions", "[project]\ndependencies = [\"a==1\", 'b == 2.0; python_version > \"3\"']\n", 0},
		{"a range", "[project]\ndependencies = [\n  \"a==1\", # fine\n  \"b>=2\",\n]\n", 4},
		{"an extra in brackets", "[project]\ndependencies = [\n  \"a[x]>=1\",\n]\n[tool.black]\nline-length = 100\n", 3},
		{"a comment only", "[project]\ndependencies = [ # \"a>=1\"\n]\n", 0},
		{"quoted key", "[\"project\"]\n\"dependencies\" = [\"a\"]\n", 2},
		{"dotted key", "project.dependencies = [\"a\"]\n", 1},
		{"an extra", "[project.optional-dependencies]\ntrain = [\"a>=1\"]\n", 2},
		{"a group", "[dependency-groups]\ndev = [\"a>=1\"]\n", 2},
		{"Poetry", "[tool.poetry.dependencies]\npython = \"^3.12\"\nnumpy = \"^1.26\"\n", 3},
		{"Poetry without any", "[tool.poetry.dependencies]\npython = \"^3.12\"\n", 0},
		{"a group of Poetry's", "[tool.poetry.group.dev.dependencies]\npytest = \"*\"\n", 2},
		{"what only builds", "[build-system]\nrequires = [\"setuptools>=61\"]\n", 0},
		{"never closed", "[project]\ndependencies = [\n\"a>=1\"\n", 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := Project("pyproject.toml", []byte(test.text), false)
			line := 0
			if len(findings) > 0 {
				line = findings[0].Position.Line
			}
			if len(findings) > 1 || line != test.line {
				t.Errorf("%+v, want line %d", findings, test.line)
			}
			if findings := Project("pyproject.toml", []byte(test.text), true); len(findings) > 0 {
				t.Errorf("locked: %+v", findings)
			}
		})
	}
}

func FuzzEnvironments(f *testing.F) {
	f.Add("numpy==1.26.4 \\\n --hash=sha256:00\n")
	f.Add("[project]\ndependencies = [\n\"a[x]>=1\",\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, finding := range slices.Concat(Requirements("r", []byte(text)), Project("p", []byte(text), false)) {
			if finding.Position.Line < 1 || finding.Position.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%+v", finding)
			}
		}
	})
}

func TestRepositories(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const ranges = "[project]\ndependencies = [\"a>=1\"]\n"
	bad := strings.Replace(clean, "permissions: {}", "permissions: write-all", 1)
	files := fstest.MapFS{
		".github/workflows/good.yml":         file(clean),
		".github/workflows/bad.yaml":         file(bad),
		".github/workflows/deeper/not.yml":   file("["),
		".github/actions/own/action.yml":     file("runs: {steps: [{run: \"${{ github.head_ref }}\"}]}"),
		".hidden/requirements.txt":           file("a"),
		"node_modules/x/action.yml":          file("["),
		"x/testdata/pipeline.yaml":           file("["),
		"venv/pyvenv.cfg":                    file(""),
		"venv/lib/requirements.txt":          file("a"),
		"requirements.txt":                   file("a\n"),
		"train/requirements-dev.txt":         file("a==1\n"),
		"train/requirements/gpu.txt":         file("a\n"),
		"locked/pyproject.toml":              file(ranges),
		"locked/uv.lock":                     file(""),
		"workspace/poetry.lock":              file(""),
		"workspace/member/pyproject.toml":    file(ranges),
		"compiled/pyproject.toml":            file(ranges),
		"compiled/requirements.txt":          file("a==1\n"),
		"open/pyproject.toml":                file(ranges),
		"pipeline.yaml":                      file("nme: x\n"),
		"contracts/broken.odcs.yaml":         file("kind: DataContract\n"),
		"policy/own.rego":                    file("package x"),
		"flights/policy/deep/own.rego":       file("package x"),
		"flights/policy/deep/own_test.rego":  file("package x"),
		"elsewhere/other.rego":               file("package x"),
		"notes.yml":                          file("["),
		"big/requirements.txt":               file(strings.Repeat("#", maxFile+1)),
		".github/workflows/notes/readme.txt": file(""),
	}
	result, err := CheckRepository(files, "repo")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"repo/.github/workflows/bad.yaml:5:14 repository/permissions-write-all",
		"repo/.github/actions/own/action.yml:1:23 repository/untrusted-expression",
		"repo/requirements.txt:1:1 repository/unpinned-requirement",
		"repo/train/requirements/gpu.txt:1:1 repository/unpinned-requirement",
		"repo/open/pyproject.toml:2:1 repository/no-lock-file",
		"repo/big/requirements.txt:1 repository/unreadable",
		"repo/pipeline.yaml:1:1 ", "repo/contracts/broken.odcs.yaml:1:",
	} {
		if !strings.Contains(places(result.Findings), want) {
			t.Errorf("no %s in\n%s", want, places(result.Findings))
		}
	}
	for _, f := range result.Findings {
		for _, quiet := range []string{".hidden", "node_modules", "testdata", "venv", "locked", "workspace", "compiled", "notes", "deeper", "good.yml"} {
			if strings.Contains(f.Position.File, quiet) {
				t.Errorf("%s: %+v", quiet, f)
			}
		}
	}
	got := fmt.Sprint(result.Workflows, result.Actions, result.Environments, result.Pipelines, result.Contracts, result.Policies, result.PolicyFolders)
	if want := "2 1 8 1 1 3 [flights/policy policy]"; got != want {
		t.Errorf("looked at %s, want %s", got, want)
	}
}
