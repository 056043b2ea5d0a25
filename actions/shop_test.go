package actions_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The shop's data: one CSV of deliveries a day, as a service would drop them,
// and one CSV of traffic. Lateness follows distance and traffic, so that there
// is something to learn.
const (
	shopFirstDay = "2024-03-01"
	shopDays     = 40 // to 2024-04-09
	shopSeed     = 7
)

// openShop is the script command "shop": it copies the shop's pipeline and
// contracts into the current folder and makes its data there.
func openShop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: shop")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join("testdata", "shop"))))
	for name, text := range shopData() {
		path := ts.MkAbs(filepath.Join("data", filepath.FromSlash(name)))
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, []byte(text), 0o644))
	}
}

func shopData() map[string]string {
	first, err := time.Parse(time.DateOnly, shopFirstDay)
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(shopSeed, shopSeed))
	files := map[string]string{}
	var traffic strings.Builder
	traffic.WriteString("date,shop,measured_at,level\n")
	for day := range shopDays {
		at := first.AddDate(0, 0, day)
		date := at.Format(time.DateOnly)
		level := map[string]float64{}
		for _, shop := range []string{"north", "south"} {
			level[shop] = random.Float64()
			fmt.Fprintf(&traffic, "%s,%s,%s 06:00:00,%.3f\n", date, shop, date, level[shop])
		}
		var deliveries strings.Builder
		deliveries.WriteString("date,customer,shop,distance,ordered_at,minutes_late\n")
		for customer := range 8 {
			shop := []string{"north", "south"}[customer%2]
			distance := 1 + 9*random.Float64()
			late := int(-15 + 3*distance + 30*level[shop] + 10*random.NormFloat64())
			ordered := at.Add(9*time.Hour + time.Duration(customer)*20*time.Minute)
			fmt.Fprintf(&deliveries, "%s,c%d,%s,%.1f,%s,%d\n", date, customer+1, shop, distance, ordered.Format(time.DateTime), late)
		}
		files["deliveries/"+date+".csv"] = deliveries.String()
	}
	files["traffic.csv"] = traffic.String()
	return files
}

// bikeData is reference data beside the repository, which is not ours to pass on.
var bikeData = filepath.Join("..", "..", "shared", "data", "bike-sharing", "hour.csv")

// openExample is the script command "example": the flights of examples/, or
// another of them, in the current folder, with the real data behind links.
func openExample(ts *testscript.TestScript, neg bool, args []string) {
	name := "flight-delay"
	if len(args) == 1 {
		name = args[0]
	}
	if neg || len(args) > 1 {
		ts.Fatalf("usage: example [NAME]")
	}
	root, err := filepath.Abs(filepath.Join("..", "examples", name))
	ts.Check(err)
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == ".linecook" {
				return filepath.SkipDir
			}
			return os.MkdirAll(ts.MkAbs(relative), 0o755)
		}
		switch filepath.Ext(path) {
		case ".csv": // somebody's own copy
			return nil
		case ".parquet":
			return os.Symlink(path, ts.MkAbs(relative))
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(ts.MkAbs(relative), text, 0o644)
	}))
	if name == "bike-demand" {
		data, err := filepath.Abs(bikeData)
		ts.Check(err)
		ts.Check(os.MkdirAll(ts.MkAbs("data"), 0o755))
		ts.Check(os.Symlink(data, ts.MkAbs(filepath.Join("data", "hour.csv"))))
	}
}
