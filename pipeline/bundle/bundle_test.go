package bundle

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// sample returns a small bundle's manifest and files, not in order.
func sample() (Manifest, []File) {
	digest := canonical.DigestBytes([]byte("data"))
	m := Manifest{
		Name:    "flight-delay",
		Version: "1.2.3",
		Until:   "2013-08-31",
		Sources: []SourceFingerprint{
			{Name: "weather", SHA256: digest, Rows: 26115, Files: 1},
			{Name: "flights", SHA256: digest, Rows: 336776, Files: 12},
		},
		Snapshot:  Snapshot{Digest: digest, Rows: 221565, Columns: 14},
		Code:      Code{Commit: "26665d9", Dirty: false},
		Toolchain: Toolchain{Linecook: "0.1.0", Go: "go1.26", DuckDB: "v1.4.5", Platform: "linux/amd64"},
		Seed:      math.MaxUint64,
	}
	files := []File{
		{Path: "model.json", Role: RoleModel, Data: []byte(`{"weights":[1,2]}`)},
		{Path: "prepare.json", Role: RolePrepare, Data: []byte(`{"means":[0]}`)},
		{Path: "features.json", Role: RoleFeatures, Data: []byte(`{"features":[]}`)},
		{Path: "contracts/weather.odcs.yaml", Role: RoleInputContract, Data: []byte("kind: DataContract\n")},
		{Path: "contracts/flights.odcs.yaml", Role: RoleInputContract, Data: []byte("kind: DataContract\nname: flights\n")},
		{Path: "contracts/scores.odcs.yaml", Role: RoleOutputContract, Data: []byte("kind: DataContract\nname: scores\n")},
		{Path: "profile.json", Role: RoleProfile, Data: []byte(`{"rows":3}`)},
		{Path: "evaluation.json", Role: RoleEvaluation, Data: []byte(`{"auc":0.7}`)},
		{Path: "pipeline.yaml", Role: RoleConfig, Data: []byte("name: flight-delay\n")},
	}
	return m, files
}

func build(t testing.TB, m Manifest, files []File) (string, []byte) {
	t.Helper()
	id, archive, err := Build(m, files)
	if err != nil {
		t.Fatal(err)
	}
	return id, archive
}

func TestRoundTrip(t *testing.T) {
	m, files := sample()
	var out bytes.Buffer
	id, err := Write(&out, m, files)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(&out)
	if err != nil {
		t.Fatal(err)
	}
	if b.ID != id || !canonical.IsDigest(id) {
		t.Errorf("id %s, written as %s", b.ID, id)
	}
	manifest, err := canonical.Digest(b.Manifest)
	if err != nil || manifest != id {
		t.Errorf("the id is %s and the digest of the manifest %s, %v", id, manifest, err)
	}
	for _, f := range files {
		if !bytes.Equal(b.Member(f.Path), f.Data) {
			t.Errorf("%s came back as %q", f.Path, b.Member(f.Path))
		}
	}
	if got := b.Member("nothing"); got != nil {
		t.Errorf("a member that is not there is %q", got)
	}
	contracts := b.ByRole(RoleInputContract)
	if len(contracts) != 2 || contracts[0].Path != "contracts/flights.odcs.yaml" || contracts[1].Path != "contracts/weather.odcs.yaml" {
		t.Errorf("input contracts: %v", contracts)
	}
	if got := b.Data(RoleModel); !bytes.Equal(got, files[0].Data) {
		t.Errorf("the model came back as %q", got)
	}
	if b.Manifest.Seed != m.Seed || b.Manifest.Sources[0].Name != "flights" || b.Manifest.Format != Format {
		t.Errorf("manifest: %+v", b.Manifest)
	}
	// What callers get is theirs.
	b.Data(RoleModel)[0] = 'X'
	b.Member("model.json")[0] = 'X'
	if got := b.Data(RoleModel); !bytes.Equal(got, files[0].Data) {
		t.Errorf("the model was changed from outside to %q", got)
	}
}

// Neither the order of what is handed over nor the number of processors
// changes a byte.
func TestSameContentSameBytes(t *testing.T) {
	m, files := sample()
	// More than one block and, at 9 MB, more than the compressor's window.
	files[0].Data = bytes.Repeat([]byte(`{"threshold":0.125,"left":3,"right":4},`), 9<<20/39)
	wantID, want := build(t, m, files)
	slices.Reverse(files)
	slices.Reverse(m.Sources)
	for _, n := range []int{1, 2, 7} {
		previous := runtime.GOMAXPROCS(n)
		id, archive := build(t, m, files)
		runtime.GOMAXPROCS(previous)
		if id != wantID || !bytes.Equal(archive, want) {
			t.Errorf("GOMAXPROCS=%d: another archive", n)
		}
	}
	if b, err := OpenBytes(want); err != nil || b.ID != wantID {
		t.Error(err)
	}
}

func TestWriteDoesNotTouchItsInput(t *testing.T) {
	m, files := sample()
	again, filesAgain := sample()
	build(t, m, files)
	if diff := cmp.Diff(again, m) + cmp.Diff(filesAgain, files); diff != "" {
		t.Error(diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	const long = "a23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789/b"
	for _, c := range []struct {
		name    string
		change  func(m *Manifest, files []File)
		message string
	}{
		{"upper-case name", func(m *Manifest, _ []File) { m.Name = "Flights" }, `"Flights" is not a name`},
		{"no name", func(m *Manifest, _ []File) { m.Name = "" }, "is not a name"},
		{"leading v", func(m *Manifest, _ []File) { m.Version = "v1.2.3" }, `"v1.2.3" is not a version`},
		{"no cut-off", func(m *Manifest, _ []File) { m.Until = "" }, "until"},
		{"cut-off that is no date", func(m *Manifest, _ []File) { m.Until = "2013-02-30" }, "until"},
		{"no snapshot", func(m *Manifest, _ []File) { m.Snapshot = Snapshot{} }, "snapshot"},
		{"empty snapshot", func(m *Manifest, _ []File) { m.Snapshot.Rows = 0 }, "0 rows"},
		{"no sources", func(m *Manifest, _ []File) { m.Sources = nil }, "no source"},
		{"a source twice", func(m *Manifest, _ []File) { m.Sources[1].Name = "weather" }, `"weather" is in the manifest twice`},
		{"a source without a name", func(m *Manifest, _ []File) { m.Sources[1].Name = "" }, "has no name"},
		{"a source without a digest", func(m *Manifest, _ []File) { m.Sources[1].SHA256 = "abc" }, `"flights" has the digest "abc"`},
		{"a source without files", func(m *Manifest, _ []File) { m.Sources[1].Files = 0 }, "0 files"},
		{"invalid UTF-8", func(m *Manifest, _ []File) { m.Code.Commit = "\xff" }, "UTF-8"},
		{"no model", func(_ *Manifest, f []File) { f[0].Role = RoleInputContract }, `no member has the role "model"`},
		{"two profiles", func(_ *Manifest, f []File) { f[0].Role = RoleProfile }, `second with the role "profile"`},
		{"unknown role", func(_ *Manifest, f []File) { f[0].Role = "code" }, `unknown role "code"`},
		{"empty member", func(_ *Manifest, f []File) { f[0].Data = nil }, `"model.json" has 0 bytes`},
		{"a path twice", func(_ *Manifest, f []File) { f[0].Path = "profile.json" }, `"profile.json" is in the manifest twice`},
		{"paths that differ in case", func(_ *Manifest, f []File) { f[0].Path = "Profile.json" }, "ignores case"},
		{"the manifest's path", func(_ *Manifest, f []File) { f[0].Path = "Manifest.JSON" }, "ignores case"},
		{"a file inside a file", func(_ *Manifest, f []File) { f[0].Path = "Profile.JSON/model" }, "is a file"},
		{"empty path", func(_ *Manifest, f []File) { f[0].Path = "" }, "not plain"},
		{"parent", func(_ *Manifest, f []File) { f[0].Path = "../model.json" }, "not plain"},
		{"parent inside", func(_ *Manifest, f []File) { f[0].Path = "a/../model.json" }, "not plain"},
		{"absolute", func(_ *Manifest, f []File) { f[0].Path = "/model.json" }, "not plain"},
		{"drive", func(_ *Manifest, f []File) { f[0].Path = "C:model.json" }, "not plain"},
		{"back slash", func(_ *Manifest, f []File) { f[0].Path = `a\..\..\model.json` }, "not plain"},
		{"not cleaned", func(_ *Manifest, f []File) { f[0].Path = "./model.json" }, "not plain"},
		{"double slash", func(_ *Manifest, f []File) { f[0].Path = "a//model.json" }, "not plain"},
		{"folder", func(_ *Manifest, f []File) { f[0].Path = "a/" }, "not plain"},
		{"hidden", func(_ *Manifest, f []File) { f[0].Path = ".model" }, "not plain"},
		{"trailing dot", func(_ *Manifest, f []File) { f[0].Path = "model.json." }, "not plain"},
		{"line break", func(_ *Manifest, f []File) { f[0].Path = "model.json\n" }, "not plain"},
		{"not ASCII", func(_ *Manifest, f []File) { f[0].Path = "mödel.json" }, "not plain"},
		{"too long", func(_ *Manifest, f []File) { f[0].Path = long }, "not plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, files := sample()
			c.change(&m, files)
			var out bytes.Buffer
			if _, err := Write(&out, m, files); err == nil || !strings.Contains(err.Error(), c.message) || out.Len() > 0 {
				t.Errorf("got %v and %d bytes; want an error with %q and none", err, out.Len(), c.message)
			}
		})
	}
}

func TestOpenFileAndExpect(t *testing.T) {
	m, files := sample()
	id, archive := build(t, m, files)
	path := filepath.Join(t.TempDir(), "bundle.tar.zst")
	if _, err := OpenFile(path); err == nil {
		t.Error("a file that is not there opens")
	}
	if err := os.WriteFile(path, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := OpenExpect(path, id); err != nil || b.ID != id {
		t.Errorf("OpenExpect: %v", err)
	}
	files[0].Data = []byte(`{"weights":[9,9]}`)
	_, other := build(t, m, files)
	if err := os.WriteFile(path, other, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path); err != nil {
		t.Errorf("the other bundle is whole, but: %v", err)
	}
	if _, err := OpenExpect(path, id); err == nil || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), path) {
		t.Errorf("a swapped bundle: %v", err)
	}
	if err := os.WriteFile(path, archive[:len(archive)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a bundle that is cut off: %v", err)
	}
}

func TestCompare(t *testing.T) {
	open := func(change func(m *Manifest, files []File) []File) *Bundle {
		m, files := sample()
		_, archive := build(t, m, change(&m, files))
		b, err := OpenBytes(archive)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	a := open(func(_ *Manifest, f []File) []File { return f })
	if got := Compare(a, a); len(got) != 0 {
		t.Errorf("a bundle differs from itself in %v", got)
	}
	b := open(func(m *Manifest, f []File) []File {
		m.Seed = 7
		m.Sources[0].Rows = 1
		f[0].Data = []byte("other")
		return append(slices.Delete(slices.Clone(f), 3, 4), File{Path: "contracts/planes.odcs.yaml", Role: RoleInputContract, Data: []byte("x")})
	})
	var got []string
	for _, d := range Compare(a, b) {
		got = append(got, d.Item)
		if d.A == d.B || d.A == "" && d.B == "" {
			t.Errorf("%s: %q and %q", d.Item, d.A, d.B)
		}
	}
	want := []string{"member contracts/planes.odcs.yaml", "member contracts/weather.odcs.yaml", "member model.json", "seed", "source weather"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every leaf of the manifest is among the items that Compare looks at: two
// manifests that differ anywhere differ in an item.
func TestCompareMissesNothing(t *testing.T) {
	digest := rapid.Map(rapid.IntRange(0, 1), func(i int) string { return canonical.DigestBytes([]byte{byte(i)}) })
	few := rapid.StringMatching(`[ab]`)
	gen := rapid.Custom(func(t *rapid.T) Manifest {
		n := rapid.Int64Range(1, 2)
		return Manifest{
			Format: Format, Name: few.Draw(t, "name"), Version: "1.0.0", Until: few.Draw(t, "until"),
			Members:   []Member{{few.Draw(t, "path"), Role(few.Draw(t, "role")), digest.Draw(t, "sha"), n.Draw(t, "size")}},
			Sources:   []SourceFingerprint{{few.Draw(t, "source"), digest.Draw(t, "source sha"), n.Draw(t, "rows"), int(n.Draw(t, "files"))}},
			Snapshot:  Snapshot{digest.Draw(t, "snapshot"), n.Draw(t, "snapshot rows"), int(n.Draw(t, "columns"))},
			Code:      Code{few.Draw(t, "commit"), rapid.Bool().Draw(t, "dirty")},
			Toolchain: Toolchain{few.Draw(t, "linecook"), few.Draw(t, "go"), few.Draw(t, "duckdb"), few.Draw(t, "platform")},
			Seed:      uint64(n.Draw(t, "seed")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		// Make them differ in little, where a missed leaf would show.
		switch rapid.IntRange(0, 5).Draw(t, "keep") {
		case 0:
			b.Members, b.Sources = a.Members, a.Sources
		case 1:
			b.Snapshot, b.Code, b.Toolchain, b.Seed, b.Name, b.Until = a.Snapshot, a.Code, a.Toolchain, a.Seed, a.Name, a.Until
		case 2:
			b = a
			b.Toolchain.Platform += "x"
		case 3:
			b = a
			b.Code.Dirty = !a.Code.Dirty
		}
		left, err := canonical.Digest(a)
		if err != nil {
			t.Fatal(err)
		}
		right, err := canonical.Digest(b)
		if err != nil {
			t.Fatal(err)
		}
		if same := len(Compare(&Bundle{Manifest: a}, &Bundle{Manifest: b})) == 0; same != (left == right) {
			t.Fatalf("Compare says same=%v for %+v and %+v", same, a, b)
		}
	})
}
