package dataset

import (
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

// decompress reads the content of a file that may be compressed.
func decompress(path string, r io.Reader) (io.ReadCloser, error) {
	switch compressionOf(path) {
	case compressGzip:
		return gzip.NewReader(r)
	case compressZstd:
		decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// checkIntact reads a compressed file to its end and checks its checksums.
// DuckDB does neither: of a gzip file that was cut short it reads the rows
// that are left, the last of them cut as well, and reports nothing.
func checkIntact(path string) error {
	if compressionOf(path) == compressNone {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	content, err := decompress(path, file)
	if err == nil {
		_, err = io.Copy(io.Discard, content)
		_ = content.Close()
	}
	if err != nil {
		return fmt.Errorf("its compression is damaged or cut short: %w", err)
	}
	return nil
}
