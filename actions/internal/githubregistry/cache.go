package githubregistry

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/github"
)

// Events accumulate, and reading each is a request: after some years a history
// would cost more than an hour allows. So the objects of their tags are kept in
// a folder, each under the name that git gives it. That name is the SHA-1 of the
// object: who changes a file there changes nothing, and an event that is not
// there is asked for.

// object is a tag as git stores it. linecook makes its tags in UTC.
func object(t github.Tag) string {
	return fmt.Sprintf("object %s\ntype commit\ntag %s\ntagger %s <%s> %d +0000\n\n%s", t.Commit, t.Name, t.By, t.Email, t.At.Unix(), t.Message)
}

// names says that git names an object so.
func names(sha, object string) bool {
	sum := sha1.Sum(fmt.Appendf(nil, "tag %d\x00%s", len(object), object))
	return hex.EncodeToString(sum[:]) == sha
}

// keep stores a tag's object, if it is known to the last byte: git itself ends a
// message with a line feed, and the API may not show it.
func (r *Registry) keep(t github.Tag) {
	if r.Cache == "" {
		return
	}
	for _, text := range []string{object(t), object(t) + "\n"} {
		if !names(t.SHA, text) {
			continue
		}
		err := os.MkdirAll(r.Cache, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.Cache, t.SHA), []byte(text), 0o644)
		}
		if err != nil {
			r.Warn(fmt.Sprintf("the event %s is not kept for the next run: %v", t.Name, err))
		}
	}
}

// kept is the message of a tag's object, if the folder has it whole.
func (r *Registry) kept(sha string) (message string, found bool) {
	if r.Cache == "" {
		return "", false
	}
	text, err := os.ReadFile(filepath.Join(r.Cache, sha))
	if err != nil || !names(sha, string(text)) {
		return "", false
	}
	_, message, found = strings.Cut(string(text), "\n\n")
	return message, found
}
