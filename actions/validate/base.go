package validate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// contractSuffix is how contracts are called by custom.
const contractSuffix = ".odcs.yaml"

// changes compares each contract of the pipeline with what it was at a commit:
// what changed, whether the version says so, and whether the model must be
// trained again.
func changes(ctx context.Context, c *pipeline.Config, contracts pipeline.Contracts, ref string) ([]report.Finding, error) {
	base, err := openBase(ctx, c.Root, ref)
	if err != nil {
		return nil, err
	}
	var findings []report.Finding
	seen := map[string]bool{}
	for _, source := range c.Sources {
		path := c.Path(source.Contract)
		now := contracts[source.Name]
		if now == nil || seen[path] {
			continue
		}
		seen[path] = true
		more, err := base.compare(ctx, path, now)
		if err != nil {
			return nil, err
		}
		findings = append(findings, more...)
	}
	return findings, nil
}

// A base is one commit of the repository that the pipeline is in.
type base struct {
	ref, commit, root string
}

func openBase(ctx context.Context, root, ref string) (*base, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, command.UsageError(fmt.Errorf("--base %q is not a commit, a branch or a tag", ref))
	}
	if _, err := git(ctx, root, "rev-parse", "--is-inside-work-tree"); err != nil {
		return nil, command.UsageError(fmt.Errorf("--base needs the pipeline in a Git repository: %w", err))
	}
	commit, err := git(ctx, root, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	if err != nil {
		return nil, command.UsageError(fmt.Errorf("--base %q is not a commit that this clone has; fetch it first (in a workflow: actions/checkout with fetch-depth: 0)", ref))
	}
	return &base{ref: ref, commit: strings.TrimSpace(commit), root: root}, nil
}

// compare holds a contract against what it was.
func (b *base) compare(ctx context.Context, path string, now *contract.Contract) ([]report.Finding, error) {
	text, where, err := b.read(ctx, path, now.ID)
	if err != nil {
		return nil, err
	}
	if text == "" {
		return []report.Finding{{
			Code: "contract/new", Severity: report.Info, Position: now.Position(),
			Message: fmt.Sprintf("contract %s %s is new since %s", now.ID, now.Version, b.ref),
		}}, nil
	}
	before, faults := contract.ParseBase(where, []byte(text))
	if before == nil {
		return []report.Finding{contract.CheckUnknown([]byte(text), faults, now)}, nil
	}
	changes := contract.Compare(before, now)
	return append(contract.Findings(changes), contract.CheckVersion(before, now, changes)...), nil
}

// read is a contract's text at the commit, and where it stood. A contract whose
// file is not there may have had another name: moving a file must not hide what
// changed in it, so it is looked for by its id. The text is empty where there
// was none.
func (b *base) read(ctx context.Context, path, id string) (text, where string, err error) {
	folder, name := filepath.Dir(path), filepath.Base(path)
	listed, err := git(ctx, folder, "ls-tree", "-z", "--name-only", b.commit, "--", name)
	if err != nil {
		return "", "", fmt.Errorf("look for %s at %s: %w", path, b.ref, err)
	}
	if listed != "" {
		text, err = git(ctx, folder, "show", b.commit+":./"+name)
		if err != nil {
			return "", "", fmt.Errorf("read %s at %s: %w", path, b.ref, err)
		}
		return text, b.ref + ":" + filepath.ToSlash(path), nil
	}
	listed, err = git(ctx, b.root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", b.commit)
	if err != nil {
		return "", "", fmt.Errorf("list the contracts at %s: %w", b.ref, err)
	}
	for candidate := range strings.SplitSeq(listed, "\x00") {
		if !strings.HasSuffix(candidate, contractSuffix) {
			continue
		}
		text, err = git(ctx, b.root, "show", b.commit+":"+candidate)
		if err != nil {
			return "", "", fmt.Errorf("read %s at %s: %w", candidate, b.ref, err)
		}
		if c, _ := contract.ParseBase(candidate, []byte(text)); c != nil && c.ID == id {
			return text, b.ref + ":" + candidate, nil
		}
	}
	return "", "", nil
}

// git runs a command that only reads.
func git(ctx context.Context, folder string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if said, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n"); said != "" {
			return "", fmt.Errorf("git: %s", said)
		}
	}
	return string(out), err
}
