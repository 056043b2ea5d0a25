package honesty

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// cutOffs chooses times, in order. One half are decision times at equal shares
// of the observations: at its own decision time all that an observation must not
// know is away. The other half are instants at which something became known, and
// those just before, where a boundary that is off by one would show.
func (p *prover) cutOffs() ([]time.Time, error) {
	decided := p.decided()
	if len(decided) == 0 {
		return nil, nil
	}
	var chosen []time.Time
	spread := (p.opt.CutOffs + 1) / 2
	for i := range spread {
		chosen = append(chosen, decided[(2*i+1)*len(decided)/(2*spread)])
	}
	first, last := decided[0], decided[len(decided)-1]
	random := generator(p.opt.Seed)
	for _, known := range p.knownTimes() {
		var count int64
		where := fmt.Sprintf("%s WHERE known BETWEEN %s AND %s", known, instant(first), instant(last))
		if err := p.db.QueryRowContext(p.ctx, "SELECT count(*) FROM "+where).Scan(&count); err != nil {
			return nil, fmt.Errorf("choose cut-offs: %w", err)
		}
		if count == 0 || len(chosen) >= p.opt.CutOffs {
			continue
		}
		// Each kind of time has its share of what is left.
		share := max(1, (p.opt.CutOffs-spread)/len(p.knownTimes()))
		for range (share + 1) / 2 {
			var at time.Time
			if err := p.db.QueryRowContext(p.ctx, fmt.Sprintf("SELECT known FROM %s ORDER BY known LIMIT 1 OFFSET %d", where, random.below(count))).Scan(&at); err != nil {
				return nil, fmt.Errorf("choose cut-offs: %w", err)
			}
			if just := at.Add(-time.Microsecond); !just.Before(first) {
				chosen = append(chosen, just)
			}
			chosen = append(chosen, at)
		}
	}
	for i := range chosen {
		chosen[i] = chosen[i].UTC()
	}
	chosen = chosen[:min(len(chosen), p.opt.CutOffs)]
	slices.SortFunc(chosen, time.Time.Compare)
	return slices.CompactFunc(chosen, time.Time.Equal), nil
}

// knownTimes are relations of the times at which rows, and groups of their
// columns, became known.
func (p *prover) knownTimes() []string {
	var all []string
	for _, w := range p.worlds {
		columns := []string{colKnown}
		for i := range w.source.Later {
			columns = append(columns, colLater(i))
		}
		for _, column := range columns {
			all = append(all, fmt.Sprintf("(SELECT %s AS known FROM %s)", column, w.table))
		}
	}
	slices.SortStableFunc(all, strings.Compare)
	return all
}

// A generator is SplitMix64, after Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators" (2014).
type generator uint64

func (g *generator) below(n int64) int64 {
	*g += 0x9e3779b97f4a7c15
	z := uint64(*g)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return int64((z ^ (z >> 31)) % uint64(n))
}
