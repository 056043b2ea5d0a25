package contract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// checkQueries runs the sql rules over the typed rows of the partition: a view
// that has the object's name and its properties as columns.
func (k *checker) checkQueries() (err error) {
	o := k.contract.object()
	rules := k.queries(o.Quality, nil, k.contract.at())
	for i := range o.Properties {
		rules = append(rules, k.queries(o.Properties[i].Quality, &o.Properties[i], k.contract.at("properties", i))...)
	}
	if rules == nil {
		return nil
	}
	conn, err := k.session.DB().Conn(k.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The connection goes back to the pool, and the next one to use it must not
	// find these rows.
	defer func() { err = errors.Join(err, dropViews(context.WithoutCancel(k.ctx), conn, tableNames(o))) }()
	for _, name := range tableNames(o) {
		if _, err := conn.ExecContext(k.ctx, "CREATE OR REPLACE TEMP VIEW "+dataset.Identifier(name)+" AS "+k.typedRows()); err != nil {
			return err
		}
	}
	for _, r := range rules {
		if err := k.checkQuery(conn, r); err != nil {
			return err
		}
	}
	return nil
}

func dropViews(ctx context.Context, conn *sql.Conn, names []string) error {
	var errs []error
	for _, name := range names {
		_, err := conn.ExecContext(ctx, "DROP VIEW IF EXISTS temp."+dataset.Identifier(name))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// A queryRule is one sql rule with its query made ready.
type queryRule struct {
	rule     *Rule
	property *Property
	query    string
	position report.Position
}

func (k *checker) queries(list []Rule, p *Property, path []any) []queryRule {
	var rules []queryRule
	for i := range list {
		if list[i].Type != "sql" {
			continue
		}
		// Lint has filled every query once.
		query, _ := fillQuery(list[i].Query, k.contract.object(), p)
		rules = append(rules, queryRule{&list[i], p, query, k.contract.Position(join(path, "quality", i)...)})
	}
	return rules
}

// typedRows is SQL for the rows of the partition with the contract's properties
// as columns. A value that is not of its type is NULL, as it is for features;
// rows that lack a required value are there, because a rule may be about them.
func (k *checker) typedRows() string {
	var parts []string
	for _, v := range k.views {
		columns := make([]string, len(v.columns))
		for i, b := range v.columns {
			value := b.nothing()
			if b.present {
				value = fmt.Sprintf("t%d", i)
			}
			columns[i] = value + " AS " + dataset.Identifier(b.property.Name)
		}
		parts = append(parts, "SELECT "+strings.Join(columns, ", ")+" FROM ("+v.base(v.segment.Relation(), nil, v.present)+")")
	}
	return strings.Join(parts, " UNION ALL ")
}

// checkQuery runs one rule. A query that fails, or whose answer is not one
// number or boolean, is an error whatever the rule's severity: it is not known
// whether the rule holds.
func (k *checker) checkQuery(conn *sql.Conn, r queryRule) error {
	k.result.Checks++
	f := report.Finding{Severity: report.Error, Position: r.position, Remedy: ruleRemedy(r.rule)}
	if r.property != nil {
		f.Column = r.property.Column()
	}
	unknown := func(format string, args ...any) {
		f.Code = "contract/sql-unknown"
		f.Message = "it is unknown whether the sql rule" + ruleTitle(r.rule) + " holds: " + fmt.Sprintf(format, args...)
		k.add(f)
	}
	answer, err := oneValue(k.ctx, conn, r.query)
	switch {
	case k.ctx.Err() != nil:
		return k.ctx.Err()
	case err != nil:
		unknown("%s", clipLong(dataset.FirstLine(err)))
		return nil
	}
	op, err := operatorOf(r.rule)
	if err != nil {
		return err
	}
	got, kept, err := op.judge(answer)
	if err != nil {
		unknown("%v", err)
		return nil
	}
	if !kept {
		f.Code, f.Severity = "contract/sql", severityOf(r.rule)
		f.Message = fmt.Sprintf("the query of the sql rule%s yields %s, and the rule says %s", ruleTitle(r.rule), got, op)
		k.add(f)
	}
	return nil
}

func ruleTitle(r *Rule) string {
	if r.Name != "" {
		return " " + strconv.Quote(clip(r.Name))
	}
	return ""
}

// oneValue is the one value of a query's one row.
func oneValue(ctx context.Context, conn *sql.Conn, query string) (value any, err error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	if len(columns) != 1 {
		return nil, fmt.Errorf("its query yields %d columns, and a rule is judged by one", len(columns))
	}
	if !rows.Next() {
		return nil, errors.Join(fmt.Errorf("its query yields no row"), rows.Err())
	}
	if err := rows.Scan(&value); err != nil {
		return nil, err
	}
	if rows.Next() {
		return nil, fmt.Errorf("its query yields several rows, and a rule is judged by one")
	}
	return value, rows.Err()
}

// judge compares a query's answer with the operator, and says what it got.
func (o operator) judge(answer any) (got string, kept bool, err error) {
	if answer == nil {
		return "", false, fmt.Errorf("its query yields NULL")
	}
	if b, ok := answer.(bool); ok {
		if o.truth == nil {
			return "", false, fmt.Errorf("its query yields a boolean, and %s compares numbers", o.name)
		}
		return strconv.FormatBool(b), (b == *o.truth) == (o.name == "mustBe"), nil
	}
	x, ok := float(answer)
	switch {
	case !ok:
		return "", false, fmt.Errorf("its query yields a %T, which is neither a number nor a boolean", answer)
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "", false, fmt.Errorf("its query yields %v, which is no finite number", x)
	case o.truth != nil:
		return "", false, fmt.Errorf("its query yields a number, and the rule compares a boolean")
	}
	return number(x), o.holds(x), nil
}

// float reads the numbers that DuckDB's driver yields.
func float(answer any) (float64, bool) {
	switch x := answer.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	}
	scalar := document.Plain(fmt.Sprint(answer))
	if _, isText := answer.(string); isText {
		return 0, false
	}
	if decimal, ok := answer.(interface{ Float64() float64 }); ok {
		return decimal.Float64(), true
	}
	return scalar.Float()
}
