package githubtest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An object is a commit, a tag or a blob.
type object struct {
	kind    string
	sha     string
	at      string
	message string
	// A commit has an author, files and a parent; a tag a name, a tagger and
	// what it points at.
	author string
	files  map[string]string
	parent string
	tag    string
	tagger tagger
	target string
}

type tagger struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Date  string `json:"date"`
}

// A Commit is what a test commits.
type Commit struct {
	// Branch gets the commit; empty is the default branch, "-" none.
	Branch string
	// Parent is the commit before; empty is the branch's.
	Parent  string
	Message string
	Author  string
	// Files are added to the parent's.
	Files map[string]string
}

// Commit adds a commit and returns its name.
func (s *Server) Commit(c Commit) (name string) {
	s.locked(func() {
		s.clock = s.clock.Add(time.Second)
		if c.Branch == "" {
			c.Branch = DefaultBranch
		}
		if c.Parent == "" {
			c.Parent = s.refs["refs/heads/"+c.Branch]
		}
		files := map[string]string{}
		maps.Copy(files, s.objects[c.Parent].files)
		maps.Copy(files, c.Files)
		content := fmt.Sprintf("%v %s %s %s %s", files, c.Parent, c.Author, s.now(), c.Message)
		o := object{kind: "commit", sha: sha("commit", []byte(content)), at: s.now(), message: c.Message, author: c.Author, files: files, parent: c.Parent}
		s.objects[o.sha] = o
		if c.Branch != "-" {
			s.refs["refs/heads/"+c.Branch] = o.sha
			if s.branches[c.Branch] == nil {
				s.branches[c.Branch] = &branch{}
			}
		}
		name = o.sha
	})
	return name
}

// Push puts a commit that git made elsewhere, under the name that git gave it, on
// the default branch.
func (s *Server) Push(name, author string) {
	s.locked(func() {
		s.objects[name] = object{kind: "commit", sha: name, at: s.now(), message: "pushed", author: author, parent: s.refs["refs/heads/"+DefaultBranch]}
		s.refs["refs/heads/"+DefaultBranch] = name
	})
}

// Head is the last commit of a branch; empty is the default branch.
func (s *Server) Head(branch string) (name string) {
	if branch == "" {
		branch = DefaultBranch
	}
	s.locked(func() { name = s.refs["refs/heads/"+branch] })
	return name
}

// Tag adds a tag as git push would; without a message it is a lightweight one.
func (s *Server) Tag(name, commit, message string) (object string) {
	s.locked(func() {
		object = commit
		if message != "" {
			object = s.addTag(name, message, commit, tagger{Name: Person, Email: Person + "@example.com", Date: s.now()}).sha
		}
		s.refs["refs/tags/"+name] = object
	})
	return object
}

// RemoveTag deletes a tag, as somebody with the right to could.
func (s *Server) RemoveTag(name string) { s.locked(func() { delete(s.refs, "refs/tags/"+name) }) }

// Tags are the names of all tags, sorted.
func (s *Server) Tags() (names []string) {
	s.locked(func() {
		for ref := range s.refs {
			if name, found := strings.CutPrefix(ref, "refs/tags/"); found {
				names = append(names, name)
			}
		}
		slices.Sort(names)
	})
	return names
}

// TagMessage is the message of an annotated tag.
func (s *Server) TagMessage(name string) (message string) {
	s.locked(func() { message = s.objects[s.refs["refs/tags/"+name]].message })
	return message
}

// addTag makes a tag object, named as git names it.
func (s *Server) addTag(name, message, target string, by tagger) object {
	at, err := time.Parse(time.RFC3339, by.Date)
	if err != nil {
		s.t.Errorf("the tagger's date %q is not one of RFC 3339", by.Date)
	}
	content := fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger %s <%s> %d +0000\n\n%s", target, s.objects[target].kind, name, by.Name, by.Email, at.Unix(), message)
	o := object{kind: "tag", sha: sha("tag", []byte(content)), at: by.Date, message: message, tag: name, tagger: by, target: target}
	s.objects[o.sha] = o
	return o
}

// commitOf follows a tag to its commit.
func (s *Server) commitOf(name string) (object, bool) {
	o, found := s.objects[name]
	for found && o.kind == "tag" {
		o, found = s.objects[o.target]
	}
	return o, found && o.kind == "commit"
}

// resolve finds the commit of a branch, a tag or a commit's own name.
func (s *Server) resolve(ref string) (object, bool) {
	ref = strings.TrimPrefix(ref, "refs/")
	for _, name := range []string{s.refs["refs/heads/"+ref], s.refs["refs/tags/"+ref], s.refs["refs/"+ref], ref} {
		if o, found := s.commitOf(name); found {
			return o, true
		}
	}
	return object{}, false
}

func (s *Server) pointer(name string) map[string]any {
	o := s.objects[name]
	return map[string]any{"sha": name, "type": o.kind, "url": s.url("/git/%ss/%s", o.kind, name)}
}

func (s *Server) showRef(ref string) any {
	return map[string]any{"ref": ref, "node_id": nodeID("REF", ref), "url": s.url("/git/%s", ref), "object": s.pointer(s.refs[ref])}
}

func (s *Server) getRef(x *exchange) answer {
	ref := "refs/" + x.path["ref"]
	if s.refs[ref] == "" {
		return notFound()
	}
	return answer{status: http.StatusOK, body: s.showRef(ref)}
}

func (s *Server) matchingRefs(x *exchange) answer {
	found := []any{}
	for _, ref := range slices.Sorted(maps.Keys(s.refs)) {
		if strings.HasPrefix(ref, "refs/"+x.path["ref"]) {
			found = append(found, s.showRef(ref))
		}
	}
	return answer{status: http.StatusOK, body: found}
}

func (s *Server) createRef(x *exchange) answer {
	var fields struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	}
	x.decode(&fields)
	switch {
	case !strings.HasPrefix(fields.Ref, "refs/") || strings.Count(fields.Ref, "/") < 2 || strings.ContainsAny(fields.Ref, " ~^:?*[\\"):
		return message(http.StatusUnprocessableEntity, "Reference name is not valid")
	case s.objects[fields.SHA].kind == "":
		return message(http.StatusUnprocessableEntity, "Object does not exist")
	case s.refs[fields.Ref] != "":
		return message(http.StatusUnprocessableEntity, "Reference already exists")
	}
	s.refs[fields.Ref] = fields.SHA
	return answer{status: http.StatusCreated, body: s.showRef(fields.Ref)}
}

func (s *Server) deleteRef(x *exchange) answer {
	ref := "refs/" + x.path["ref"]
	switch tag, _ := strings.CutPrefix(ref, "refs/tags/"); {
	case s.refs[ref] == "":
		return message(http.StatusUnprocessableEntity, "Reference does not exist")
	case s.locks(tag):
		return message(http.StatusUnprocessableEntity, "Cannot delete a tag of an immutable release")
	}
	delete(s.refs, ref)
	return answer{status: http.StatusNoContent}
}

func (s *Server) showTag(o object) any {
	return map[string]any{
		"sha": o.sha, "node_id": nodeID("TAG", o.sha), "url": s.url("/git/tags/%s", o.sha), "tag": o.tag, "message": o.message,
		"tagger": map[string]any{"name": o.tagger.Name, "email": o.tagger.Email, "date": o.tagger.Date}, "object": s.pointer(o.target),
	}
}

func (s *Server) getTag(x *exchange) answer {
	o := s.objects[x.path["tag_sha"]]
	if o.kind != "tag" {
		return notFound()
	}
	return answer{status: http.StatusOK, body: s.showTag(o)}
}

func (s *Server) createTag(x *exchange) answer {
	fields := struct {
		Tag     string `json:"tag"`
		Message string `json:"message"`
		Object  string `json:"object"`
		Type    string `json:"type"`
		Tagger  tagger `json:"tagger"`
	}{Tagger: tagger{Name: x.caller, Email: x.caller + "@users.noreply.github.com", Date: s.now()}}
	x.decode(&fields)
	if fields.Message == "" || s.objects[fields.Object].kind != fields.Type {
		return message(http.StatusUnprocessableEntity, "Object does not exist, is of another type, or the message is empty")
	}
	return answer{status: http.StatusCreated, body: s.showTag(s.addTag(fields.Tag, fields.Message, fields.Object, fields.Tagger))}
}

func (s *Server) getGitCommit(x *exchange) answer {
	o := s.objects[x.path["commit_sha"]]
	if o.kind != "commit" {
		return notFound()
	}
	by := map[string]any{"name": o.author, "email": o.author + "@example.com", "date": o.at}
	return answer{status: http.StatusOK, body: map[string]any{
		"sha": o.sha, "node_id": nodeID("C", o.sha), "url": s.url("/git/commits/%s", o.sha), "html_url": web("/commit/%s", o.sha),
		"author": by, "committer": by, "message": o.message, "parents": s.parents(o), "tree": s.tree(o),
		"verification": map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
	}}
}

func (s *Server) parents(o object) []any {
	if o.parent == "" {
		return []any{}
	}
	return []any{map[string]any{"sha": o.parent, "url": s.url("/git/commits/%s", o.parent), "html_url": web("/commit/%s", o.parent)}}
}

func (s *Server) tree(o object) any {
	name := sha("tree", fmt.Append(nil, o.files))
	return map[string]any{"sha": name, "url": s.url("/git/trees/%s", name)}
}

func (s *Server) showCommit(o object) map[string]any {
	by := map[string]any{"name": o.author, "email": o.author + "@example.com", "date": o.at}
	return map[string]any{
		"sha": o.sha, "node_id": nodeID("C", o.sha), "url": s.url("/commits/%s", o.sha), "html_url": web("/commit/%s", o.sha),
		"comments_url": s.url("/commits/%s/comments", o.sha), "author": s.user(o.author), "committer": s.user(o.author), "parents": s.parents(o),
		"commit": map[string]any{"author": by, "committer": by, "message": o.message, "comment_count": 0, "tree": s.tree(o), "url": s.url("/git/commits/%s", o.sha)},
	}
}

func (s *Server) getCommit(x *exchange) answer {
	o, found := s.resolve(x.path["ref"])
	if !found {
		return message(http.StatusUnprocessableEntity, "No commit found for SHA: "+x.path["ref"])
	}
	return answer{status: http.StatusOK, body: s.showCommit(o)}
}

// compare answers for commits of one line of history.
func (s *Server) compare(x *exchange) answer {
	names := strings.Split(x.path["basehead"], "...")
	if len(names) != 2 {
		return notFound()
	}
	base, foundBase := s.resolve(names[0])
	head, foundHead := s.resolve(names[1])
	if !foundBase || !foundHead {
		return notFound()
	}
	ahead, behind := s.distance(base, head), s.distance(head, base)
	status := "diverged"
	switch {
	case ahead == 0:
		status = "identical"
	case ahead > 0:
		status = "ahead"
	case behind > 0:
		status = "behind"
	}
	address := s.url("/compare/%s...%s", base.sha, head.sha)
	return answer{status: http.StatusOK, body: map[string]any{
		"url": address, "html_url": address, "permalink_url": address, "diff_url": address, "patch_url": address,
		"base_commit": s.showCommit(base), "merge_base_commit": s.showCommit(base), "status": status,
		"ahead_by": max(ahead, 0), "behind_by": max(behind, 0), "total_commits": max(ahead, 0), "commits": []any{}, "files": []any{},
	}}
}

// distance is how many commits lead from one to another, or -1.
func (s *Server) distance(from, to object) int {
	for n := 0; ; n++ {
		if to.sha == from.sha {
			return n
		}
		parent, found := s.objects[to.parent]
		if !found {
			return -1
		}
		to = parent
	}
}

func (s *Server) contents(x *exchange) answer {
	ref := x.query.Get("ref")
	if ref == "" {
		ref = DefaultBranch
	}
	o, found := s.resolve(ref)
	if !found {
		return message(http.StatusNotFound, "No commit found for the ref "+ref)
	}
	path := x.path["path"]
	if content, found := o.files[path]; found {
		entry := s.entry(path, "file", content)
		entry["content"], entry["encoding"] = base64.StdEncoding.EncodeToString([]byte(content)), "base64"
		return answer{status: http.StatusOK, body: entry}
	}
	entries := map[string]any{}
	for name, content := range o.files {
		if rest, below := strings.CutPrefix(name, path+"/"); below {
			first, _, deeper := strings.Cut(rest, "/")
			kind := "file"
			if deeper {
				kind, content = "dir", ""
			}
			entries[first] = s.entry(path+"/"+first, kind, content)
		}
	}
	if len(entries) == 0 {
		return notFound()
	}
	var list []any
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, entries[name])
	}
	return answer{status: http.StatusOK, body: list}
}

func (s *Server) entry(path, kind, content string) map[string]any {
	name := sha("blob", []byte(content))
	address, page, blob := s.url("/contents/%s", path), web("/blob/%s", path), s.url("/git/blobs/%s", name)
	return map[string]any{
		"name": path[strings.LastIndex(path, "/")+1:], "path": path, "type": kind, "size": len(content), "sha": name, "url": address,
		"git_url": blob, "html_url": page, "download_url": page, "_links": map[string]any{"self": address, "git": blob, "html": page},
	}
}
