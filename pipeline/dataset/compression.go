package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The compressions of text formats, in DuckDB's words. It is told which, as it
// knows a suffix in small letters only.
const (
	compressGzip = "gzip"
	compressZstd = "zstd"
	compressNone = "uncompressed"
)

func compressionOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		return compressGzip
	case ".zst":
		return compressZstd
	}
	return compressNone
}

// decompress reads the content of a file that may be compressed. Its errors, and
// those of its reader, say so where the compression is at fault.
func decompress(path string, r io.Reader) (io.ReadCloser, error) {
	var content io.ReadCloser
	var err error
	switch compressionOf(path) {
	case compressGzip:
		content, err = gzip.NewReader(r)
	case compressZstd:
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1)); err == nil {
			content = decoder.IOReadCloser()
		}
	default:
		return io.NopCloser(r), nil
	}
	if err != nil {
		return nil, damaged(err)
	}
	return decompressed{content}, nil
}

// openContent opens a file for what it holds, decompressed.
func openContent(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := decompress(path, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return opened{content, file}, nil
}

// opened is the content of a file that is closed with it.
type opened struct {
	io.ReadCloser
	file *os.File
}

func (o opened) Close() error { return errors.Join(o.ReadCloser.Close(), o.file.Close()) }

// decompressed is the content of a compressed file.
type decompressed struct{ io.ReadCloser }

func (d decompressed) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a reader's end is io.EOF itself
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	return fmt.Errorf("its compression is damaged or cut short: %w", err)
}

// checkIntact reads a compressed file to its end and checks its checksums.
// DuckDB does neither: of a gzip file that was cut short it reads the rows
// that are left, the last of them cut as well, and reports nothing.
func checkIntact(path string) error {
	if compressionOf(path) == compressNone {
		return nil
	}
	content, err := openContent(path)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	_, err = io.Copy(io.Discard, content)
	return err
}
