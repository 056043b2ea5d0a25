package backtest

import (
	"bytes"
	"errors"
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// The names of what Save writes.
const (
	PageFile = "report.html"
	DataFile = "report.json"
)

// Save writes the report, as a page and as data, into a folder, each
// all or nothing, and returns the path of the page.
func Save(folder string, r *Report) (page string, err error) {
	var html, data bytes.Buffer
	if err := errors.Join(HTML(&html, r), report.JSON(&data, r)); err != nil {
		return "", err
	}
	page = filepath.Join(folder, PageFile)
	return page, errors.Join(
		atomicfile.MkdirAll(folder, 0o755),
		atomicfile.Write(filepath.Join(folder, DataFile), data.Bytes(), 0o644),
		atomicfile.Write(page, html.Bytes(), 0o644),
	)
}
