// Package honesty proves by experiment that no feature knew the future.
//
//  1. The rows of each source that features draw on are laid down once, each
//     with the times from which it, and its later columns, are known.
//  2. Cut-off times are chosen: decision times spread over the observations,
//     and instants at and just before some row became known.
//  3. For each cut-off, what is known only later is taken away, and then put in
//     disorder, and the features are built again by the compiler that training
//     and scoring use.
//  4. The features of the observations decided by then must come out as they
//     were, bit for bit. Where one does not, halving what was taken away finds
//     the row that it knew too early.
//  5. A certificate says what was compared.
//
// The static proof reads what features say; this one watches what they do, and
// so tells mistakes of the compiler as well. Both take the known-at times as
// they are stated: a row that is said to be known before it was is beyond them.
package honesty

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Options say how much is tried.
type Options struct {
	// Range is that of the snapshot.
	Range feature.Range
	// CutOffs is how many are tried at most.
	CutOffs int
	// Sample is how many observations are compared at each cut-off: the last ones
	// decided by then, and those decided at the same time as the first of them.
	// 0 compares all.
	Sample int
	// Seed chooses among the known-at times. See Seed.
	Seed uint64
	// Snapshot holds the features to be proven: what the plan gave for Range.
	Snapshot *feature.Snapshot
	// At finds the features' places.
	At feature.Locator
}

// Enough is how much training tries: some seconds for some 100,000 rows.
func Enough(s *feature.Snapshot) Options {
	return Options{CutOffs: 6, Sample: 2000, Seed: Seed(s.Digest), Snapshot: s}
}

// Full compares every observation at more cut-offs.
func Full(s *feature.Snapshot) Options {
	return Options{CutOffs: 16, Seed: Seed(s.Digest), Snapshot: s}
}

// Seed is the first 48 bits of a digest: nobody chooses it, and JSON holds it.
func Seed(digest string) uint64 {
	_, text, _ := strings.Cut(digest, ":")
	seed, err := strconv.ParseUint(text[:min(12, len(text))], 16, 64)
	if err != nil {
		return 0
	}
	return seed
}

// maxTraced is how many features a leaking row is looked for; each takes some
// twenty rebuilds.
const maxTraced = 5

// Prove runs the proof. The findings are leaks, or say why nothing is proven;
// then the certificate has not passed. It replaces the tables that the snapshot
// was built from.
func Prove(ctx context.Context, db *sql.DB, plan feature.Plan, opt Options) (evaluation.Certificate, []report.Finding, error) {
	if len(plan.Commands) > 0 {
		// A batch in which nothing was hidden is given the bytes that it had before.
		plan.Programs.Known = filepath.Join(plan.Programs.Scratch, prefix+"known")
		plan.Programs.Progress = nil // it would be told of every build
	}
	p := &prover{ctx: ctx, db: db, plan: plan, opt: opt, build: feature.Plan.Build}
	return p.prove()
}

// A compiler builds the features of a plan.
type compiler func(feature.Plan, context.Context, *sql.DB, feature.Range) (*feature.Snapshot, error)

type prover struct {
	ctx    context.Context
	db     *sql.DB
	plan   feature.Plan
	opt    Options
	build  compiler
	worlds []world
	// total is how many rows all worlds have.
	total int64
	// all is the world as it is, once a proof without a sample has built it.
	all         table
	certificate evaluation.Certificate
	findings    []report.Finding
	// accused are the features that a finding names; the empty name is the
	// observations themselves.
	accused map[string]bool
}

func (p *prover) prove() (certificate evaluation.Certificate, findings []report.Finding, err error) {
	definitions, err := p.plan.Text()
	if err != nil {
		return evaluation.Certificate{}, nil, fmt.Errorf("prove the features honest: %w", err)
	}
	p.certificate = evaluation.Certificate{
		CutOffs: []time.Time{}, Features: int64(len(p.plan.Definitions)), Sample: int64(p.opt.Sample),
		Seed: int64(p.opt.Seed), SnapshotDigest: p.opt.Snapshot.Digest, DefinitionsDigest: canonical.DigestBytes(definitions),
	}
	p.accused = map[string]bool{}
	defer func() { err = errors.Join(err, p.clear()) }()
	if err := p.lay(); err != nil {
		return evaluation.Certificate{}, nil, err
	}
	cutOffs, err := p.cutOffs()
	if err != nil {
		return evaluation.Certificate{}, nil, err
	}
	for _, cutOff := range cutOffs {
		going, err := p.try(cutOff)
		if err != nil {
			return evaluation.Certificate{}, nil, fmt.Errorf("prove the features honest at %s: %w", cutOff.Format(time.RFC3339Nano), err)
		}
		if !going {
			break
		}
	}
	c := &p.certificate
	if len(p.findings) == 0 && (c.Observations == 0 || c.RowsRemoved == 0 || c.RowsScrambled == 0) {
		p.unproven(fmt.Sprintf("%d observations were compared at %d cut-offs after %d rows were taken away and %d put in disorder", c.Observations, len(c.CutOffs), c.RowsRemoved, c.RowsScrambled),
			"give the proof observations, and rows that become known after some of them were decided")
	}
	c.Passed = len(p.findings) == 0
	report.Sort(p.findings)
	return *c, p.findings, nil
}

// try compares the world with what it was at the cut-off. It says whether it
// makes sense to go on.
func (p *prover) try(cutOff time.Time) (bool, error) {
	w, err := p.window(cutOff)
	if err != nil {
		return false, err
	}
	whole, err := p.unchanged(w)
	if err != nil {
		return false, err
	}
	if !whole.sameAs(p.opt.Snapshot, w) {
		if p.unrepeatable(whole, w) {
			return false, nil
		}
		p.unproven("the features that are built again are not those that were built before",
			"leave out what depends on more than the rows: a clock, randomness, the order of rows")
		return false, nil
	}
	hidden, err := p.hidden(cutOff)
	if err != nil {
		return false, err
	}
	p.certificate.CutOffs = append(p.certificate.CutOffs, cutOff)
	p.certificate.Observations += int64(whole.count())
	for _, v := range []variant{removed, scrambled} {
		part, err := p.rebuild(w, v, p.total)
		if dataset.Unreadable(err) {
			if v == scrambled {
				// Columns of two rows together can be what no row could: that is no leak.
				continue
			}
			p.unproven(fmt.Sprintf("without what is known after %s the features cannot be worked out: %s", cutOff.Format(time.RFC3339Nano), dataset.FirstLine(err)),
				"make the features bear columns that are NULL until they are known")
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if v == removed {
			p.certificate.RowsRemoved += hidden
		} else {
			p.certificate.RowsScrambled += hidden
		}
		for _, d := range whole.compare(part) {
			if p.accused[d.feature] || len(p.accused) >= maxTraced {
				continue
			}
			p.accused[d.feature] = true
			if err := p.accuse(w, v, whole, d); err != nil {
				return false, err
			}
		}
	}
	return len(p.accused) < maxTraced, nil
}

// unchanged is the window's part of the world as it is. Where windows hold all
// that was decided by then, it is built once.
func (p *prover) unchanged(w window) (table, error) {
	if p.opt.Sample > 0 {
		return p.rebuild(w, asItIs, 0)
	}
	if p.all == nil {
		decided := p.decided()
		all, err := p.rebuild(window{first: decided[0], cutOff: decided[len(decided)-1], within: p.opt.Range}, asItIs, 0)
		if err != nil {
			return nil, err
		}
		p.all = all
	}
	return p.all.in(w), nil
}

func (p *prover) unproven(message, remedy string) {
	p.findings = append(p.findings, report.Finding{
		Code: "honesty/unproven", Severity: report.Error, Position: p.opt.At("features"), Message: message, Remedy: remedy,
	})
}

// A window is the observations decided from first to the cut-off, which lie in
// the partitions of within.
type window struct {
	first, cutOff time.Time
	within        feature.Range
}

func (w window) holds(decided time.Time) bool {
	return !decided.IsZero() && !decided.Before(w.first) && !decided.After(w.cutOff)
}

func (p *prover) window(cutOff time.Time) (window, error) {
	decided := p.decided()
	after, _ := slices.BinarySearchFunc(decided, cutOff, func(at, cutOff time.Time) int {
		if at.After(cutOff) {
			return 1
		}
		return -1
	})
	start := 0
	if p.opt.Sample > 0 {
		start = max(0, after-p.opt.Sample)
	}
	w := window{first: decided[start], cutOff: cutOff, within: p.opt.Range}
	partition := dataset.Identifier(p.plan.Observations.Partition)
	conditions := fmt.Sprintf("%s BETWEEN %s AND %s", colDecided, instant(w.first), instant(cutOff))
	if p.opt.Range.From != "" {
		conditions += fmt.Sprintf(" AND %s >= DATE %s", partition, dataset.Literal(p.opt.Range.From))
	}
	if p.opt.Range.To != "" {
		conditions += fmt.Sprintf(" AND %s <= DATE %s", partition, dataset.Literal(p.opt.Range.To))
	}
	var from, to time.Time
	observations := p.world(p.plan.Observations.Source)
	if err := p.db.QueryRowContext(p.ctx, fmt.Sprintf("SELECT min(%[1]s), max(%[1]s) FROM %[2]s WHERE %[3]s",
		partition, observations.table, conditions)).Scan(&from, &to); err != nil {
		return window{}, fmt.Errorf("find the partitions of the observations: %w", err)
	}
	w.within = feature.Range{From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)}
	return w, nil
}

// decided are the decision times of the snapshot, in order.
func (p *prover) decided() []time.Time {
	all := p.opt.Snapshot.DecidedAt
	for len(all) > 0 && all[len(all)-1].IsZero() {
		all = all[:len(all)-1]
	}
	return all
}
