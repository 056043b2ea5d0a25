package feature

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Whatever bytes a command writes, each observation has exactly one value that a
// model can take, or the error blames the command.
func FuzzCommandOutput(f *testing.F) {
	for _, output := range []string{
		"__id,weight,class\n1,1.5,x\n2,,\n", "class,weight,__id\r\n\"a\nb\",-0,2\r\n,1e-400,1\r\n",
		"\xef\xbb\xbf__id,weight,class\n1,1,x\n2,2,y\n", "__id,weight,class\n1,nan,x\n", "__id,weight\n", "", "\"", "__id,weight,class\n1,1,\xff\n2,2,y\n",
		"__id,weight,class\n1,9007199254740993,x\n2,0x1p4,y\n", "__id,weight,class\n1,1_000,x\n1,1,x\n",
	} {
		f.Add([]byte(output))
	}
	definitions := []Definition{{Name: "weight", Type: Numeric, Command: "own"}, {Name: "class", Type: Categorical, Command: "own"}}
	f.Fuzz(func(t *testing.T, output []byte) {
		path := filepath.Join(t.TempDir(), "output.csv")
		if err := os.WriteFile(path, output, 0o600); err != nil {
			t.Fatal(err)
		}
		taker := taker{command: Command{Name: "own"}, file: "output.csv", features: definitions, ids: []int64{1, 2}, seen: make([]bool, 2)}
		for _, d := range definitions {
			b := newBuilder(d)
			b.begin(2)
			taker.builders = append(taker.builders, b)
		}
		if err := taker.csv(path); err != nil {
			if !dataset.Unreadable(err) {
				t.Fatalf("the tool is blamed: %v", err)
			}
			return
		}
		frame := Frame{Rows: 2, Columns: []Column{taker.builders[0].column("weight"), taker.builders[1].column("class")}}
		if err := frame.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, number := range frame.Columns[0].Numbers {
			if math.IsInf(number, 0) || number == 0 && math.Signbit(number) {
				t.Fatalf("the number is %v", number)
			}
		}
	})
}
