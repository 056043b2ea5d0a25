package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// parts returns a valid bundle, taken apart: the uncompressed archive, the
// manifest and the files in order.
func parts(t testing.TB) (archive, manifest []byte, files []File) {
	t.Helper()
	m, files := sample()
	_, data := build(t, m, files)
	archive, err := decompress(data)
	if err != nil {
		t.Fatal(err)
	}
	b, err := unpack(archive)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err = canonical.Marshal(b.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return archive, manifest, byPath(files)
}

func mustCompress(t testing.TB, archive []byte) []byte {
	t.Helper()
	data, err := compress(archive)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// forge packs a manifest that was changed as JSON, canonical again, with files.
func forge(t *testing.T, manifest []byte, files []File, change func(m map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(manifest, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	forged, err := canonical.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return repack(t, forged, files)
}

func repack(t *testing.T, manifest []byte, files []File) []byte {
	t.Helper()
	archive, err := pack(manifest, files)
	if err != nil {
		t.Fatal(err)
	}
	return mustCompress(t, archive)
}

// entry is a tar entry as an attacker writes it.
type entry struct {
	header tar.Header
	data   []byte
}

// rewrite lets change work on the entries of a valid archive.
func rewrite(t *testing.T, archive []byte, change func(entries []entry) []entry) []byte {
	t.Helper()
	var entries []entry
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if err != nil {
			break
		}
		data := make([]byte, h.Size)
		if _, err := r.Read(data); err != nil && len(data) == 0 {
			t.Fatal(err)
		}
		entries = append(entries, entry{*h, data})
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range change(entries) {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil && len(e.data) > 0 {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return mustCompress(t, out.Bytes())
}

func members(m map[string]any) []any { return m["members"].([]any) }
func member(m map[string]any, i int) map[string]any {
	return members(m)[i].(map[string]any)
}

func TestOpenRefuses(t *testing.T) {
	archive, manifest, files := parts(t)
	valid := mustCompress(t, archive)
	if _, err := OpenBytes(valid); err != nil {
		t.Fatalf("what the cases start from does not open: %v", err)
	}
	if _, err := OpenBytes(rewrite(t, archive, func(e []entry) []entry { return e })); err != nil {
		t.Fatalf("rewrite changes more than it is told: %v", err)
	}
	if _, err := OpenBytes(forge(t, manifest, files, func(map[string]any) {})); err != nil {
		t.Fatalf("forge changes more than it is told: %v", err)
	}
	header := func(change func(h *tar.Header)) []byte {
		return rewrite(t, archive, func(e []entry) []entry { change(&e[1].header); return e })
	}
	link := func(kind byte, target string) []byte {
		return rewrite(t, archive, func(e []entry) []entry {
			e[1].header.Typeflag, e[1].header.Linkname, e[1].header.Size, e[1].data = kind, target, 0, nil
			return e
		})
	}
	changed := func(change func(m map[string]any)) []byte { return forge(t, manifest, files, change) }

	for _, c := range []struct {
		name    string
		data    []byte
		message string
	}{
		{"nothing", nil, "not a bundle"},
		{"garbage", []byte("garbage, and more of it"), "not a bundle"},
		{"a tar that is not compressed", archive, "not a bundle"},
		{"an empty archive", mustCompress(t, make([]byte, 1024)), `ends before "manifest.json"`},
		{"cut off", valid[:len(valid)-1], "cut off"},
		{"cut off after the header", valid[:10], "cut off"},
		{"a byte after the frame", append(slices.Clone(valid), 0), "follows"},
		{"a second frame", append(slices.Clone(valid), valid...), "follows"},
		{"a skippable frame after", append(slices.Clone(valid), 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'), "follows"},
		{"a skippable frame before", append([]byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'}, valid...), "first Zstandard frame"},
		{"a frame without checksum", withOptions(t, archive, zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true)), "first Zstandard frame"},
		{"a frame without size", withoutSize(t, archive), "first Zstandard frame"},
		{"more than may be unpacked", bomb(t), "may have"},

		{"bytes after the archive", mustCompress(t, append(slices.Clone(archive), make([]byte, 512)...)), "not in the form"},
		{"an archive after the archive", mustCompress(t, append(slices.Clone(archive), archive...)), "not in the form"},
		{"no end of archive", mustCompress(t, archive[:len(archive)-1024]), "not in the form"},
		{"half an end of archive", mustCompress(t, archive[:len(archive)-512]), "not in the form"},
		{"another time", header(func(h *tar.Header) { h.ModTime = h.ModTime.AddDate(1, 0, 0) }), "not in the form"},
		{"another mode", header(func(h *tar.Header) { h.Mode = 0o4755 }), "not in the form"},
		{"an owner", header(func(h *tar.Header) { h.Uid = 1000 }), "not in the form"},
		{"an owner's name", header(func(h *tar.Header) { h.Uname = "root" }), "not in the form"},
		{"PAX records", header(func(h *tar.Header) { h.Format = tar.FormatPAX; h.PAXRecords = map[string]string{"LINECOOK.x": "y"} }), "not in the form"},
		{"GNU format", header(func(h *tar.Header) { h.Format = tar.FormatGNU }), "not in the form"},
		{"symbolic link", link(tar.TypeSymlink, "/etc/passwd"), "not a regular file"},
		{"hard link", link(tar.TypeLink, "model.json"), "not a regular file"},
		{"folder", link(tar.TypeDir, ""), "not a regular file"},
		{"device", link(tar.TypeChar, ""), "not a regular file"},
		{"pipe", link(tar.TypeFifo, ""), "not a regular file"},
		{"another name", header(func(h *tar.Header) { h.Name = "contracts/other.odcs.yaml" }), "where"},
		{"a name that leads out", header(func(h *tar.Header) { h.Name = "../../x" }), "where"},
		{"members out of order", rewrite(t, archive, func(e []entry) []entry { e[1], e[2] = e[2], e[1]; return e }), "where"},
		{"manifest not first", rewrite(t, archive, func(e []entry) []entry { e[0], e[1] = e[1], e[0]; return e }), `where "manifest.json" should stand`},
		{"no manifest", rewrite(t, archive, func(e []entry) []entry { return e[1:] }), `where "manifest.json" should stand`},
		{"a member twice", rewrite(t, archive, func(e []entry) []entry { return slices.Insert(e, 2, e[1]) }), "where"},
		{"a member missing", rewrite(t, archive, func(e []entry) []entry { return slices.Delete(e, 4, 5) }), "where"},
		{"the last member missing", rewrite(t, archive, func(e []entry) []entry { return e[:len(e)-1] }), `ends before "profile.json"`},
		{"a member too many", rewrite(t, archive, func(e []entry) []entry {
			return append(e, entry{tar.Header{Name: "z.py", Mode: 0o644, Size: 1}, []byte("x")})
		}), `"z.py", which the manifest does not announce`},
		{"a second manifest", rewrite(t, archive, func(e []entry) []entry { return append(e, e[0]) }), "does not announce"},
		{"a huge manifest", repack(t, bytes.Repeat([]byte(" "), MaxManifestSize+1), files), "may have"},

		{"another model", repack(t, manifest, replace(files, "model.json", `{"weights":[9,9]}`)), `"model.json" has the digest`},
		{"a longer model", repack(t, manifest, replace(files, "model.json", `{"weights":[1,2,3]}`)), `"model.json" has 19 bytes`},
		{"a shorter model", repack(t, manifest, replace(files, "model.json", `{}`)), `"model.json" has 2 bytes and the manifest says 17`},

		{"manifest that is not JSON", repack(t, []byte("format: linecook"), files), "manifest.json"},
		{"manifest that is not an object", repack(t, []byte("[]"), files), "manifest.json"},
		{"manifest that is not canonical", repack(t, append(slices.Clone(manifest), '\n'), files), "not in canonical form"},
		{"manifest with a key twice", repack(t, bytes.Replace(manifest, []byte(`{"code"`), []byte(`{"code":{"commit":"x","dirty":false},"code"`), 1), files), "twice"},
		{"unknown format", changed(func(m map[string]any) { m["format"] = "linecook.bundle/v2" }), `format "linecook.bundle/v2"`},
		{"no format", changed(func(m map[string]any) { delete(m, "format") }), `format ""`},
		{"unknown key", changed(func(m map[string]any) { m["extra"] = 1 }), `unknown key "extra"`},
		{"case variant of a key", changed(func(m map[string]any) { m["Name"] = "other" }), `unknown key "Name"`},
		{"unknown key in a member", changed(func(m map[string]any) { member(m, 0)["mode"] = 1 }), `unknown key "mode"`},
		{"missing key", changed(func(m map[string]any) { delete(m, "toolchain") }), "every key"},
		{"missing key inside", changed(func(m map[string]any) { delete(m["code"].(map[string]any), "dirty") }), "every key"},
		{"null", changed(func(m map[string]any) { m["snapshot"] = nil }), "null"},
		{"seed as a number", changed(func(m map[string]any) { m["seed"] = 7 }), "unquoted value"},
		{"seed with a leading zero", changed(func(m map[string]any) { m["seed"] = "07" }), "every key"},
		{"no members", changed(func(m map[string]any) { m["members"] = []any{} }), "no member has the role"},
		{"a member without a role", changed(func(m map[string]any) { delete(member(m, 0), "role") }), "unknown role"},
		{"a role in another case", changed(func(m map[string]any) { member(m, 0)["role"] = "Model" }), "unknown role"},
		{"two models", changed(func(m map[string]any) { member(m, 0)["role"] = "model" }), "second with the role"},
		{"path that leads out", changed(func(m map[string]any) { member(m, 0)["path"] = "../x" }), "not plain"},
		{"path with back slashes", changed(func(m map[string]any) { member(m, 0)["path"] = `a\..\..\x` }), "not plain"},
		{"path announced twice", changed(func(m map[string]any) { member(m, 1)["path"] = member(m, 0)["path"] }), "twice"},
		{"members announced out of order", changed(func(m map[string]any) { l := members(m); l[0], l[1] = l[1], l[0] }), "out of order"},
		{"digest in upper case", changed(func(m map[string]any) {
			d := member(m, 0)["sha256"].(string)
			member(m, 0)["sha256"] = "sha256:" + strings.ToUpper(d[7:])
		}), "not sha256"},
		{"negative size", changed(func(m map[string]any) { member(m, 0)["size"] = -1 }), "-1 bytes"},
		{"huge size", changed(func(m map[string]any) { member(m, 0)["size"] = MaxMemberSize + 1 }), "it may have"},
		{"huge sizes together", changed(func(m map[string]any) {
			for i := range 3 {
				member(m, i)["size"] = MaxMemberSize
			}
		}), "together"},
		{"size beyond 64 bits", changed(func(m map[string]any) { member(m, 0)["size"] = 1e20 }), "size"},
		{"announced size larger", changed(func(m map[string]any) { member(m, 0)["size"] = 1000 }), "the manifest says 1000"},
		{"announced size smaller", changed(func(m map[string]any) { member(m, 0)["size"] = 1 }), "may have 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := OpenBytes(c.data)
			if err == nil || !strings.Contains(err.Error(), c.message) || b != nil {
				t.Errorf("got %v; want an error with %q and no bundle", err, c.message)
			}
		})
	}
}

func replace(files []File, path, content string) []File {
	files = slices.Clone(files)
	for i := range files {
		if files[i].Path == path {
			files[i].Data = []byte(content)
		}
	}
	return files
}

func withOptions(t *testing.T, archive []byte, options ...zstd.EOption) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll(archive, nil)
}

// withoutSize compresses as a stream, whose length is not known beforehand.
func withoutSize(t *testing.T, archive []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	enc, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for len(archive) > 0 {
		n := min(len(archive), 1000)
		if _, err := enc.Write(archive[:n]); err != nil {
			t.Fatal(err)
		}
		if err := enc.Flush(); err != nil {
			t.Fatal(err)
		}
		archive = archive[n:]
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb returns some kilobytes that unpack to more than is allowed: run-length
// blocks of 128 KiB each (RFC 8878, 3.1.1.2).
func bomb(t *testing.T) []byte {
	t.Helper()
	const block = 128 << 10
	blocks := MaxArchiveSize/block + 1
	size := uint32(blocks * block)
	// Magic number; descriptor: 4-byte size, single segment, checksum.
	data := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa4, byte(size), byte(size >> 8), byte(size >> 16), byte(size >> 24)}
	for i := range blocks {
		header := block<<3 | 1<<1
		if i == blocks-1 {
			header |= 1
		}
		data = append(data, byte(header), byte(header>>8), byte(header>>16), 0)
	}
	return append(data, 0, 0, 0, 0)
}

// A bomb that lies about its size is stopped while it unpacks.
func TestOpenStopsABombThatLies(t *testing.T) {
	data := bomb(t)
	small := uint32(4096)
	copy(data[5:9], []byte{byte(small), byte(small >> 8), byte(small >> 16), byte(small >> 24)})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := OpenBytes(data)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("it opens")
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("it took %d bytes of memory to refuse %d", grown, len(data))
	}
}

// Whichever byte of the archive is changed, in headers, padding, manifest,
// members or the end: it does not open, or it is a bundle with another id, and
// that only if the byte belongs to the manifest.
func TestNoChangedByteKeepsTheID(t *testing.T) {
	t.Parallel()
	archive, manifest, _ := parts(t)
	const header = 512
	id := id(manifest)
	for i := range archive {
		bit := byte(1) << (i % 8)
		archive[i] ^= bit
		if b, err := unpack(archive); err == nil && (b.ID == id || i < header || i >= header+len(manifest)) {
			t.Errorf("byte %d of %d, bit %d: it opens as %s", i, len(archive), i%8, b.ID)
		}
		archive[i] ^= bit
	}
}

// In the compressed file a changed byte is refused, or the bundle is another
// one by its id, or nothing was changed in truth: the format has bits without
// meaning, and more than one way to say the same. A registry therefore binds
// the compressed bytes too.
func TestNoChangedByteOfTheFileGoesUnnoticed(t *testing.T) {
	m, files := sample()
	id, data := build(t, m, files)
	whole, err := OpenBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for i := range data {
		bit := byte(1) << (i % 8)
		data[i] ^= bit
		if b, err := OpenBytes(data); err == nil && b.ID == id {
			opened++
			if diff := cmp.Diff(whole.files, b.files); diff != "" {
				t.Errorf("byte %d, bit %d: the id is the same and the members are not: %s", i, i%8, diff)
			}
		}
		data[i] ^= bit
	}
	// The checksum of the frame sees nearly everything.
	if opened > len(data)/100 {
		t.Errorf("%d of %d changed bytes change nothing", opened, len(data))
	}
}

// Open returns an error or a bundle that can be written again, byte by byte.
func FuzzOpen(f *testing.F) {
	m, files := sample()
	_, data := build(f, m, files)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := OpenBytes(data)
		if err != nil {
			return
		}
		id, _, err := Build(b.Manifest, b.files)
		if err != nil || id != b.ID {
			t.Fatalf("%s is written again as %s, %v", b.ID, id, err)
		}
	})
}

// FuzzUnpack starts behind the compression, where mutations keep their meaning.
func FuzzUnpack(f *testing.F) {
	archive, manifest, _ := parts(f)
	f.Add(archive)
	if packed, err := pack(manifest, nil); err == nil {
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		b, err := unpack(archive)
		if err != nil {
			return
		}
		manifest, err := canonical.Marshal(b.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		again, err := pack(manifest, b.files)
		if err != nil || !bytes.Equal(again, archive) {
			t.Fatalf("an archive opens that linecook would not write: %v", err)
		}
	})
}
