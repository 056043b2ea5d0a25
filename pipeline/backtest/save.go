package backtest

import (
	"bytes"
	"errors"
	"path/filepath"

	"github.com/linecook-ml/linecook/pipeline/internal/atomicfile"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Save writes report.json and report.html into a folder, each all or nothing,
// and returns the path of the page.
func Save(folder string, r *Report) (page string, err error) {
	var html, data bytes.Buffer
	if err := errors.Join(HTML(&html, r), report.JSON(&data, r)); err != nil {
		return "", err
	}
	page = filepath.Join(folder, "report.html")
	return page, errors.Join(
		atomicfile.MkdirAll(folder, 0o755),
		atomicfile.Write(filepath.Join(folder, "report.json"), data.Bytes(), 0o644),
		atomicfile.Write(page, html.Bytes(), 0o644),
	)
}
