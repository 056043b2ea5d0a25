package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-github/v66/github"
)

// A Ref is a name in the repository and the object that it stands for: a commit,
// or the object of an annotated tag.
type Ref struct {
	Name string // like tags/flights@v1.0.0
	SHA  string
	// Type is commit or tag, where it is one of a tag.
	Type string
}

// A Tag is the object of an annotated tag.
type Tag struct {
	SHA     string
	Name    string
	Message string
	// Commit is what it points at.
	Commit string
	// By and At say who made it and when.
	By, Email string
	At        time.Time
}

func refOf(r *github.Reference) Ref {
	const prefix = len("refs/")
	return Ref{Name: r.GetRef()[min(prefix, len(r.GetRef())):], SHA: r.GetObject().GetSHA(), Type: r.GetObject().GetType()}
}

// Ref returns the ref of that name, like tags/flights@v1.0.0, or ErrNotFound.
func (c *Client) Ref(ctx context.Context, name string) (Ref, error) {
	ref, _, err := c.api.Git.GetRef(ctx, c.owner, c.name, name)
	if err != nil {
		return Ref{}, explain(err, "look up %s", name)
	}
	return refOf(ref), nil
}

// Refs returns the refs whose names begin with prefix, by name.
func (c *Client) Refs(ctx context.Context, prefix string) ([]Ref, error) {
	found, response, err := c.api.Git.ListMatchingRefs(ctx, c.owner, c.name, &github.ReferenceListOptions{Ref: prefix})
	if err != nil {
		return nil, explain(err, "list %s", prefix)
	}
	if response.NextPage != 0 {
		// It is documented to be whole, and half a history would pass for a whole one.
		return nil, fmt.Errorf("list %s: GitHub answered with a part of it", prefix)
	}
	refs := make([]Ref, len(found))
	for i, ref := range found {
		refs[i] = refOf(ref)
	}
	return refs, nil
}

// CreateRef gives an object a name. It is ErrExists where the name stands for
// another one. Sending it twice makes one ref, so where the answer was lost or
// the name is taken it looks whose it is, and sends it again where nothing is.
func (c *Client) CreateRef(ctx context.Context, ref Ref) error {
	var err error
	for range maxCreations {
		_, _, err = c.api.Git.CreateRef(ctx, c.owner, c.name, &github.Reference{Ref: github.String("refs/" + ref.Name), Object: &github.GitObject{SHA: &ref.SHA}})
		if err = explain(err, "create %s", ref.Name); err == nil || isRefusal(err) && !errors.Is(err, ErrExists) {
			break
		}
		found, lookErr := c.Ref(ctx, ref.Name)
		switch {
		case lookErr == nil && found.SHA == ref.SHA:
			return nil
		case lookErr == nil:
			return exists("create %s: it stands for %s", ref.Name, found.SHA)
		case !isNotFound(lookErr):
			return err
		}
	}
	return err
}

// Tag returns the object of an annotated tag by its SHA.
func (c *Client) Tag(ctx context.Context, sha string) (Tag, error) {
	tag, _, err := c.api.Git.GetTag(ctx, c.owner, c.name, sha)
	if err != nil {
		return Tag{}, explain(err, "read the tag object %s", sha)
	}
	return tagOf(tag), nil
}

func tagOf(t *github.Tag) Tag {
	return Tag{
		SHA: t.GetSHA(), Name: t.GetTag(), Message: t.GetMessage(), Commit: t.GetObject().GetSHA(),
		By: t.GetTagger().GetName(), Email: t.GetTagger().GetEmail(), At: t.GetTagger().GetDate().UTC(),
	}
}

// CreateTag makes the object of an annotated tag; CreateRef gives it its name.
// The object is named by its content and nobody sees it without a ref: making
// it twice makes one.
func (c *Client) CreateTag(ctx context.Context, t Tag) (Tag, error) {
	var err error
	for range maxCreations {
		var created *github.Tag
		created, _, err = c.api.Git.CreateTag(ctx, c.owner, c.name, &github.Tag{
			Tag: &t.Name, Message: &t.Message, Object: &github.GitObject{SHA: &t.Commit, Type: github.String("commit")},
			Tagger: &github.CommitAuthor{Name: &t.By, Email: &t.Email, Date: &github.Timestamp{Time: t.At.UTC().Truncate(time.Second)}},
		})
		if err = explain(err, "create the tag object %s", t.Name); err == nil {
			return tagOf(created), nil
		}
		if isRefusal(err) {
			break
		}
	}
	return Tag{}, err
}

// CommitOf returns the commit that a tag stands for, whichever kind of tag it is.
func (c *Client) CommitOf(ctx context.Context, ref Ref) (string, error) {
	if ref.Type != "tag" {
		return ref.SHA, nil
	}
	tag, err := c.Tag(ctx, ref.SHA)
	return tag.Commit, err
}

// maxCreations bounds how often something that cannot become two is sent.
const maxCreations = 3

// call sends a request that go-github has no method for, or one that leaves
// fields out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) (*github.Response, error) {
	request, err := c.api.NewRequest(method, "repos/"+c.owner+"/"+c.name+path, in)
	if err != nil {
		return nil, err
	}
	return c.api.Do(ctx, request, out)
}

// remove deletes a thing; one that is gone already is deleted.
func (c *Client) remove(ctx context.Context, path string) error {
	_, err := c.call(ctx, http.MethodDelete, path, nil, nil)
	if err = explain(err, "delete %s", path[1:]); isNotFound(err) {
		return nil
	}
	return err
}
