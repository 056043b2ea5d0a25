package actions_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The bank calls clients about an offer that changes every week. Whether they
// take it depends on their age and, far more, on the offer.
const (
	bankFirstDay = "2024-01-01"
	bankWeeks    = 32 // to 2024-08-11
	bankCalls    = 9  // a day
	bankSeed     = 11
)

// openBank is the script command "bank": it copies the bank's pipeline and
// contract into the current folder and makes its data there.
func openBank(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: bank")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join("testdata", "bank"))))
	ts.Check(os.MkdirAll(ts.MkAbs("data"), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join("data", "calls.csv")), []byte(bankData()), 0o644))
}

func bankData() string {
	first, err := time.Parse(time.DateOnly, bankFirstDay)
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(bankSeed, bankSeed))
	var b strings.Builder
	b.WriteString("date,call,client,campaign,age,called_at,subscribed\n")
	call := 0
	for week := range bankWeeks {
		offer := 1.6 * random.NormFloat64()
		for day := range 7 {
			at := first.AddDate(0, 0, 7*week+day)
			for i := range bankCalls {
				call++
				age := 20 + random.IntN(60)
				// Clients come and go: each is called over some eight weeks.
				client := 4*week + random.IntN(32)
				chance := 1 / (1 + math.Exp(-(offer + float64(age-50)/22)))
				fmt.Fprintf(&b, "%s,%d,k%03d,w%02d,%d,%s,%t\n", at.Format(time.DateOnly), call, client, week+1, age,
					at.Add(9*time.Hour+time.Duration(i)*time.Hour).Format(time.DateTime), random.Float64() < chance)
			}
		}
	}
	return b.String()
}
