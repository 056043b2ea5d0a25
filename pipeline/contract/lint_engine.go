package contract

import (
	"context"
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// sqlRule lints what can be said of an sql rule without DuckDB; lintQueries
// says the rest.
func (l *linter) sqlRule(r *Rule, o *Object, p *Property, path []any) {
	if strings.TrimSpace(r.Query) == "" {
		l.error("contract/sql-rule", "add query: one SELECT that yields one number or boolean", path, "the sql rule has no query, so it would check nothing")
		return
	}
	if _, err := fillQuery(r.Query, o, p); err != nil {
		l.error("contract/sql-rule", "name the property", join(path, "query"), "the query cannot be run: %v", err)
	}
	l.operator(r, path)
}

// lintQueries has DuckDB parse the queries of sql rules.
func lintQueries(l *linter) {
	type rule struct {
		rule *Rule
		o    *Object
		p    *Property
		path []any
	}
	var found []rule
	for i := range l.contract.Schema {
		o := &l.contract.Schema[i]
		for k := range o.Quality {
			found = append(found, rule{&o.Quality[k], o, nil, at("schema", i, "quality", k)})
		}
		for j := range o.Properties {
			p := &o.Properties[j]
			for k := range p.Quality {
				found = append(found, rule{&p.Quality[k], o, p, at("schema", i, "properties", j, "quality", k)})
			}
		}
	}
	for _, f := range found {
		query, err := fillQuery(f.rule.Query, f.o, f.p)
		if f.rule.Type != "sql" || err != nil || strings.TrimSpace(query) == "" {
			continue
		}
		if err := l.engine().query(query, tableNames(f.o)); err != nil {
			l.error("contract/sql-rule", "write one SELECT over the object's rows that yields one number or boolean", join(f.path, "query"), "the query cannot be run: %v", err)
		}
	}
}

// An engine answers what lint must ask of DuckDB. It is started when it is first
// asked, since most contracts have no question for it.
type engine struct {
	session *dataset.Session
	reader  *queryReader
	err     error
}

func (l *linter) engine() *engine {
	if l.duck == nil {
		l.duck = &engine{}
		ctx := context.Background()
		if l.duck.session, _, l.duck.err = dataset.Open(ctx, dataset.Options{Threads: 1}); l.duck.err == nil {
			l.duck.reader, l.duck.err = newQueryReader(ctx, l.duck.session.DB())
		}
	}
	return l.duck
}

func (e *engine) query(query string, tables []string) error {
	if e.err != nil {
		return e.err
	}
	return e.reader.check(context.Background(), query, tables)
}

// zone reports whether DuckDB knows a time zone.
func (e *engine) zone(name string) error {
	if e.err != nil {
		return e.err
	}
	var known bool
	err := e.session.DB().QueryRowContext(context.Background(), "SELECT count(*) > 0 FROM pg_timezone_names() WHERE name = ?", name).Scan(&known)
	if err == nil && !known {
		err = fmt.Errorf("it is none of the IANA time zones")
	}
	return err
}

func (e *engine) close() error {
	if e.session == nil {
		return nil
	}
	return e.session.Close()
}

// lintZones asks whether time zones exist.
func lintZones(l *linter) {
	for i := range l.contract.Schema {
		for j := range l.contract.Schema[i].Properties {
			l.zones(&l.contract.Schema[i].Properties[j], at("schema", i, "properties", j))
		}
	}
}

func (l *linter) zones(p *Property, path []any) {
	if zone := p.options().DefaultTimezone; zone != "" && zone != "UTC" && zone != "Etc/UTC" {
		where := join(path, "logicalTypeOptions", "defaultTimezone")
		if p.LogicalType == TypeTime {
			l.error("contract/timezone", "use a timestamp", where, "a time of day has no moment to move to UTC")
		} else if err := l.engine().zone(zone); err != nil {
			l.error("contract/timezone", "write it as Europe/Paris", where, "the time zone %q cannot be used: %v", zone, err)
		}
	}
	for i, s := range p.parts() {
		if s.items {
			l.zones(s.property, join(path, "items"))
			continue
		}
		l.zones(s.property, join(path, "properties", i))
	}
}
