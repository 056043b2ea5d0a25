// Package server finds the data of a contract on the server that the contract
// names, and brings it to where a session can read it.
//
//  1. Find takes the server of that name, and the schema object that is meant.
//  2. A local path and a DuckDB database are read where they are.
//  3. A table of PostgreSQL is streamed, all columns as text, into a file of the
//     folder that the caller gives and removes. Objects of an S3 store are
//     downloaded into it.
//  4. The Source is a Spec like that of any other files, so that the check itself
//     is the same.
//
// Contracts hold no secrets: who may read comes from the caller, as Access. It
// stands among the doors because the engine knows no network.
package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// ErrUnsuited marks errors about what was asked for: a server that the contract
// does not have, or of a type or format that is not read. All other errors are
// failures, as of a server that cannot be reached.
var ErrUnsuited = errors.New("the contract's server cannot be used")

// Access is what a server wants to know and no contract says.
type Access struct {
	// Postgres makes the way in to a database, with the user's name and password.
	Postgres func(host string, port int, database string) (*pgconn.Config, error)
	// S3 signs requests to object stores; without a key they are not signed.
	S3 S3Access
}

// A Source is where the data is by now.
type Source struct {
	// Root is the folder that the paths in Spec start from.
	Root string
	Spec dataset.Spec
}

// A finder brings the data of one object from one server.
type finder struct {
	server contract.Server
	object *contract.Object
	// beside is the folder of the contract, from which local paths start.
	beside, folder string
	position       report.Position
}

// Find brings the data of the contract's schema object from the server of that
// name. What has to be copied goes into folder, which should be private and is
// the caller's to remove. A table or object that is not there is a finding.
func Find(ctx context.Context, c *contract.Contract, object, name, folder string, access Access) (Source, *report.Finding, error) {
	i := slices.IndexFunc(c.Servers, func(s contract.Server) bool { return s.Server == name })
	if i < 0 {
		return Source{}, nil, fmt.Errorf("%w: the contract has no server %q; %s", ErrUnsuited, name, names(c))
	}
	o := slices.IndexFunc(c.Schema, func(o contract.Object) bool { return o.Name == object })
	if o < 0 {
		return Source{}, nil, fmt.Errorf("%w: the contract has no schema object %q", ErrUnsuited, object)
	}
	f := finder{
		server: c.Servers[i], object: &c.Schema[o], folder: folder,
		beside: filepath.Dir(filepath.FromSlash(c.File())), position: c.Position("servers", i, "server"),
	}
	source, finding, err := f.find(ctx, access)
	if err != nil {
		return Source{}, nil, fmt.Errorf("server %s: %w", name, err)
	}
	return source, finding, nil
}

func (f finder) find(ctx context.Context, access Access) (Source, *report.Finding, error) {
	switch f.server.Type {
	case "local":
		source, err := f.local()
		return source, nil, err
	case "duckdb":
		return f.duckdb(), nil, nil
	case "postgres", "postgresql":
		return f.postgres(ctx, access)
	case "s3":
		return f.s3(ctx, access.S3)
	}
	return Source{}, nil, fmt.Errorf("%w: linecook does not read from a server of type %s; it reads from %s, and files named with --data",
		ErrUnsuited, f.server.Type, strings.Join(contract.ReadServers, ", "))
}

func names(c *contract.Contract) string {
	if len(c.Servers) == 0 {
		return "it has none"
	}
	var known []string
	for _, s := range c.Servers {
		known = append(known, s.Server)
	}
	return "it has " + strings.Join(known, ", ")
}

// table is what a database calls the object.
func (f finder) table() string {
	if f.object.PhysicalName != "" {
		return f.object.PhysicalName
	}
	return f.object.Name
}

// missing says that the server is there, and the data is not.
func (f finder) missing(what string) *report.Finding {
	return &report.Finding{
		Code: "dataset/missing-table", Severity: report.Error, Source: f.object.Name, Position: f.position,
		Message: fmt.Sprintf("server %s has no %s", f.server.Server, what),
		Remedy:  "bring the data, or correct the contract: a table is called by the object's physicalName, else its name",
	}
}

// spec is the part of a Spec that all servers share.
func (f finder) spec() dataset.Spec {
	return dataset.Spec{Name: f.object.Name, Position: f.position}
}

// form is a file's format in the words of the standard, which has no closed list.
func (f finder) form() (string, error) {
	switch format := strings.ToLower(f.server.Format); {
	case slices.Contains([]string{"", dataset.FormatCSV, dataset.FormatParquet}, format):
		return format, nil
	case slices.Contains([]string{"json", "jsonl", "ndjson"}, format) && f.server.Delimiter != "array":
		return dataset.FormatJSONL, nil
	}
	return "", fmt.Errorf("%w: linecook does not read files of format %s; it reads csv, parquet, and json with one document a line", ErrUnsuited, f.server.Format)
}

// local are files of this machine. Their path starts from the contract's folder.
func (f finder) local() (Source, error) {
	spec := f.spec()
	var err error
	spec.Format, err = f.form()
	spec.Paths = []string{f.server.Path}
	return Source{Root: f.beside, Spec: spec}, err
}

// duckdb is a table or view in a database file, which is opened for reading only.
func (f finder) duckdb() Source {
	spec := f.spec()
	spec.Paths, spec.Format, spec.Unordered = []string{f.server.Database}, dataset.FormatDuckDB, true
	spec.Schema, spec.Table = f.server.Schema, f.table()
	return Source{Root: f.beside, Spec: spec}
}
