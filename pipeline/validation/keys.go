package validation

import (
	"context"
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// keys looks for observations of one partition that have the same key: their
// scores could not be told apart, and each would meet the outcomes of all.
func keys(ctx context.Context, c *pipeline.Config, session *dataset.Session, table *dataset.Table, rules *contract.Contract, scope Scope) ([]report.Finding, error) {
	typed, err := rules.TypedSelect(table)
	if err != nil {
		return nil, err
	}
	where, partition := "", ""
	switch name := c.Observations.Partition; {
	case scope.Date != "" && scope.Earlier:
		where = fmt.Sprintf(" WHERE %s <= DATE %s", dataset.Identifier(name), dataset.Literal(scope.Date))
	case scope.Date != "":
		where, partition = fmt.Sprintf(" WHERE %s = DATE %s", dataset.Identifier(name), dataset.Literal(scope.Date)), name+"="+scope.Date
	}
	columns := []string{dataset.Identifier(c.Observations.Partition)}
	for _, name := range c.Observations.Key {
		columns = append(columns, dataset.Identifier(name))
	}
	key := strings.Join(columns, ", ")
	var repeated, rows int64
	if err := session.DB().QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n FROM (%s)%s GROUP BY %s HAVING count(*) > 1)",
		typed, where, key)).Scan(&repeated, &rows); err != nil {
		return nil, fmt.Errorf("look for keys of several observations: %w", err)
	}
	if repeated == 0 {
		return nil, nil
	}
	what := "one key is that"
	if repeated > 1 {
		what = fmt.Sprintf("%d keys are those", repeated)
	}
	return []report.Finding{{
		Code: "observations/duplicate-key", Severity: report.Error, Source: table.Name, Position: c.At("observations", "key"),
		Partition: partition, Count: rows,
		Message: fmt.Sprintf("%s of several observations of one partition, of %d rows in all, by %s", what, rows, strings.Join(c.Observations.Key, ", ")),
		Remedy:  "add to observations.key the columns that tell the rows apart, or take the copies out of the source",
	}}, nil
}
