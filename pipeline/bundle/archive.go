package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Limits on what Open takes into memory. A boosted model of a thousand trees is
// about 10 MB as text, a linear one some kilobytes; the smallest hosted runner
// has 7 GB. They stop an archive of some kilobytes that unpacks to terabytes.
const (
	MaxManifestSize = 4 << 20
	MaxMemberSize   = 128 << 20
	MaxTotalSize    = 256 << 20
	// MaxMembers: only the number of input contracts varies, one per source.
	MaxMembers = 4096
	// MaxArchiveSize bounds the archive, compressed or not: the members, the
	// manifest, at most 1 kB of header and padding per member, and what the
	// compressor adds to incompressible data.
	MaxArchiveSize = MaxTotalSize + 3*MaxManifestSize
)

// pack writes the uncompressed archive: the manifest, then files in the order
// given. Nothing but names, sizes and contents varies.
func pack(manifest []byte, files []File) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	all := append([]File{{Path: ManifestPath, Data: manifest}}, files...)
	for _, f := range all {
		header := tar.Header{
			Typeflag: tar.TypeReg,
			Name:     f.Path,
			Size:     int64(len(f.Data)),
			Mode:     0o644,
			ModTime:  time.Unix(0, 0),
			Format:   tar.FormatUSTAR,
		}
		if err := w.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("archiving %s: %w", f.Path, err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("archiving %s: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("archiving: %w", err)
	}
	return out.Bytes(), nil
}

// unpack is the inverse of pack for the files that the manifest, the first
// entry, announces; it verifies each against it.
func unpack(archive []byte) (*Bundle, error) {
	r := tar.NewReader(bytes.NewReader(archive))
	raw, err := nextEntry(r, ManifestPath, MaxManifestSize)
	if err != nil {
		return nil, err
	}
	manifest, err := parseManifest(raw)
	if err != nil {
		return nil, err
	}
	b := &Bundle{ID: id(raw), Manifest: manifest}
	for _, m := range manifest.Members {
		data, err := nextEntry(r, m.Path, m.Size)
		if err != nil {
			return nil, err
		}
		if int64(len(data)) != m.Size {
			return nil, fmt.Errorf("member %q has %d bytes and the manifest says %d", m.Path, len(data), m.Size)
		}
		if digest := id(data); digest != m.SHA256 {
			return nil, fmt.Errorf("member %q has the digest %s and the manifest says %s", m.Path, digest, m.SHA256)
		}
		b.files = append(b.files, File{Path: m.Path, Role: m.Role, Data: data})
	}
	if header, err := r.Next(); err == nil {
		return nil, fmt.Errorf("the archive holds %q, which the manifest does not announce", header.Name)
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	// Times, owners, padding and what follows the last entry are in no digest;
	// since the archive's form is fixed, they can be held against it.
	want, err := pack(raw, b.files)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(archive, want) {
		return nil, fmt.Errorf("the archive is not in the form that linecook writes: its headers, its padding or what follows its last member was changed")
	}
	return b, nil
}

// nextEntry reads the entry that must come next.
func nextEntry(r *tar.Reader, path string, limit int64) ([]byte, error) {
	header, err := r.Next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the archive ends before %q", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the archive: %w", err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("the archive's entry %q is not a regular file", header.Name)
	}
	if header.Name != path {
		return nil, fmt.Errorf("the archive holds %q where %q should stand", header.Name, path)
	}
	if header.Size > limit {
		return nil, fmt.Errorf("%q has %d bytes and may have %d", path, header.Size, limit)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", path, err)
	}
	return data, nil
}

// compress gives the same bytes whatever the number of processors.
func compress(data []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true),
		zstd.WithSingleSegment(true))
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	defer enc.Close()
	return enc.EncodeAll(data, nil), nil
}

// decompress takes one frame that states its size and carries a checksum, and
// nothing after it.
func decompress(data []byte) ([]byte, error) {
	var header zstd.Header
	if err := header.Decode(data); err != nil {
		return nil, fmt.Errorf("the file is not a bundle: %w", err)
	}
	switch {
	case header.Skippable || !header.SingleSegment || !header.HasCheckSum || header.DictionaryID != 0:
		return nil, fmt.Errorf("the file is not a bundle: its first Zstandard frame is not of the kind linecook writes")
	case header.FrameContentSize > MaxArchiveSize:
		return nil, fmt.Errorf("the archive has %d bytes unpacked and may have %d", header.FrameContentSize, MaxArchiveSize)
	}
	if end, ok := frameEnd(data, header.HeaderSize); !ok || end != len(data) {
		return nil, fmt.Errorf("the file is cut off, or something follows its one Zstandard frame")
	}
	dec, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(MaxArchiveSize),
		// The window of a single segment is the content.
		zstd.WithDecoderMaxWindow(MaxArchiveSize))
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	defer dec.Close()
	out, err := dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return out, nil
}

// frameEnd walks the block headers of a frame with a checksum (RFC 8878, 3.1.1)
// to where it ends, since a decoder goes on to further frames by itself.
func frameEnd(data []byte, pos int) (int, bool) {
	const headerSize, checksumSize, runLengthBlock = 3, 4, 1
	for pos+headerSize <= len(data) {
		header := int(data[pos]) | int(data[pos+1])<<8 | int(data[pos+2])<<16
		last, kind, size := header&1 == 1, header>>1&3, header>>3
		if kind == runLengthBlock {
			size = 1
		}
		pos += headerSize + size
		if last {
			return pos + checksumSize, true
		}
	}
	return 0, false
}

// byPath is the order of members.
func byPath(files []File) []File {
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return sorted
}
