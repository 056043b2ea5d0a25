package contract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/server"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// served opens the data that is on one of the contract's servers. What is copied
// of it is gone after done, which ends the session too.
func (d *door) served(ctx context.Context, c *odcs.Contract, object, name string) (session *dataset.Session, findings []report.Finding, done func() error, err error) {
	folder, err := os.MkdirTemp("", "linecook-*")
	if err != nil {
		return nil, nil, nil, err
	}
	done = func() error {
		var closed error
		if session != nil {
			closed = session.Close()
		}
		return errors.Join(closed, os.RemoveAll(folder))
	}
	source, missing, err := server.Find(ctx, c, object, name, folder, d.access())
	switch {
	case errors.Is(err, server.ErrUnsuited):
		err = command.UsageError(fmt.Errorf("--server: %w", err))
	case err == nil && missing != nil:
		// A session without a table: there is nothing that it could see.
		findings = append(findings, *missing)
		session, _, err = dataset.Open(ctx, dataset.Options{})
	case err == nil:
		session, findings, err = dataset.Open(ctx, dataset.Options{Root: source.Root}, source.Spec)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, done())
	}
	return session, findings, done, nil
}

// access is what servers want to know, from the environment that the programs
// of PostgreSQL and of Amazon read as well.
func (d *door) access() server.Access {
	return server.Access{Postgres: postgresConfig, S3: server.S3Access{
		KeyID: d.app.Getenv("AWS_ACCESS_KEY_ID"), Secret: d.app.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: d.app.Getenv("AWS_SESSION_TOKEN"),
		Region: firstOf(d.app.Getenv("AWS_REGION"), d.app.Getenv("AWS_DEFAULT_REGION")),
	}}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// postgresConfig reads PGUSER, PGPASSWORD, PGSSLMODE and their like; where the
// database is stands in the contract.
func postgresConfig(host string, port int, database string) (*pgconn.Config, error) {
	quote := func(text string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d dbname=%s", quote(host), port, quote(database)))
	if err != nil {
		return nil, fmt.Errorf("the settings of PostgreSQL in the environment cannot be used: %w", err)
	}
	return config, nil
}
