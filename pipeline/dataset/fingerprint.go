package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fingerprint is the digest of a table's bytes: over the base name and the
// SHA-256 of each file, sorted. The files' folder and times do not enter it.
func (t *Table) Fingerprint() (string, error) {
	var lines []string
	for _, segment := range t.Segments {
		for _, path := range segment.paths {
			sum, err := fileSum(path)
			if err != nil {
				return "", fmt.Errorf("fingerprint source %s: %w", t.Name, err)
			}
			lines = append(lines, fmt.Sprintf("%s\x00%x\n", filepath.Base(path), sum))
		}
	}
	slices.Sort(lines)
	total := sha256.Sum256([]byte(strings.Join(lines, "")))
	return "sha256:" + hex.EncodeToString(total[:]), nil
}

func fileSum(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
