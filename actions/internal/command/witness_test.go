package command_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions/internal/attestation/attestationtest"
	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

// On a runner GitHub's own program is asked for the roots. Whatever it does, what
// is believed was verified, and why nothing could be is said in one line.
func TestTheRootsOfGitHubsOwnProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program that stands in for gh is a shell script")
	}
	authority, stranger := attestationtest.New(t), attestationtest.New(t)
	digest, commit := "sha256:"+strings.Repeat("1", 64), strings.Repeat("0", 40)
	signed := authority.Sign(t, attestationtest.Provenance(digest, githubtest.Repository, "train.yml", "refs/tags/flights@v1.0.0", commit))
	for _, test := range []struct {
		name, gh string
		roots    []byte
		environ  map[string]string
		// says is in the problem; empty is a statement that holds.
		says string
		// unasked: nobody looks, and gh is not started.
		unasked bool
	}{
		{name: "as on GitHub's runners", gh: `test "$*" = "attestation trusted-root" && test "$GH_TOKEN" = ` + githubtest.Token + ` && cat "$ROOTS"`, roots: authority.Roots(t)},
		{name: "two roots, as github.com has", gh: `cat "$ROOTS"`, roots: append(stranger.Roots(t), authority.Roots(t)...)},
		{name: "roots of somebody else", gh: `cat "$ROOTS"`, roots: stranger.Roots(t), says: "none of 1 holds: "},
		{name: "it fails", gh: "echo 'gh: not logged in' >&2; echo more >&2; exit 4", says: "gh attestation trusted-root failed: gh: not logged in; name a file with the trusted roots by --trusted-root"},
		{name: "it fails without a word", gh: "exit 1", says: "gh attestation trusted-root failed: exit status 1; name"},
		{name: "it fails after the roots", gh: `cat "$ROOTS"; exit 1`, roots: authority.Roots(t), says: "gh attestation trusted-root failed: exit status 1; name"},
		{name: "it is killed", gh: "kill -9 $$", says: "gh attestation trusted-root failed: signal: killed; name"},
		{name: "it hangs", gh: `echo > "$STARTED"; exec sleep 20`, says: "gh attestation trusted-root did not end in time; name"},
		{name: "what it started hangs", gh: `sleep 20 & echo > "$STARTED"; wait`, says: "gh attestation trusted-root did not end in time; name"},
		{name: "an older one, without the command", gh: `echo 'unknown command "attestation" for "gh"' >&2; exit 1`, says: `unknown command "attestation" for "gh"; name`},
		{name: "rubbish", gh: "echo '<html>'", says: "what gh attestation trusted-root printed: trusted root 1: "},
		{name: "half a root", gh: `head -c 300 "$ROOTS"`, roots: authority.Roots(t), says: "what gh attestation trusted-root printed: trusted root 1: "},
		{name: "nothing", gh: "true", says: "what gh attestation trusted-root printed holds no trusted root; name"},
		{name: "it is missing", says: "there is no gh on this runner to ask for the trusted roots; name a file with the trusted roots by --trusted-root"},
		{name: "a laptop", gh: "exit 9", environ: map[string]string{"GITHUB_ACTIONS": ""}, unasked: true},
		{name: "a server of one's own", gh: "exit 9", environ: map[string]string{"GITHUB_SERVER_URL": "https://git.example.com"}, unasked: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := githubtest.New(t)
			s.AddAttestation(digest, signed)
			bin, started := t.TempDir(), filepath.Join(t.TempDir(), "started")
			for name, file := range map[string]string{"ROOTS": filepath.Join(bin, "roots"), "STARTED": started} {
				t.Setenv(name, file)
			}
			if err := os.WriteFile(filepath.Join(bin, "roots"), test.roots, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			if test.gh == "" {
				t.Setenv("PATH", bin)
			} else if err := os.WriteFile(filepath.Join(bin, "gh"), []byte("#!/bin/sh\n"+test.gh+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			environment := map[string]string{
				"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": s.URL(), "GITHUB_REPOSITORY": githubtest.Repository, "GITHUB_TOKEN": githubtest.Token,
			}
			for name, value := range test.environ {
				environment[name] = value
			}
			app := &command.App{
				Getenv: func(key string) string { return environment[key] },
				GitHub: github.Options{Deadline: until(started)},
			}
			witness, err := app.Witness(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := witness.Provenance(t.Context(), promotion.Subject{ArchiveSHA256: digest})
			switch {
			case err != nil:
				t.Error(err)
			case got.Verified != (test.says == "" && !test.unasked) || got.Looked == test.unasked:
				t.Errorf("%+v", got)
			case !strings.Contains(got.Problem, test.says) || strings.Contains(got.Problem, "\n"):
				t.Errorf("it says %q", got.Problem)
			}
		})
	}
}

// until is a deadline that comes when a file is there.
func until(file string) func(context.Context, time.Duration) (context.Context, context.CancelFunc) {
	return func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(file); err == nil {
					cancel()
				}
				runtime.Gosched()
			}
		}()
		return ctx, cancel
	}
}
