package dataset

import (
	"bytes"
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"
)

// scanBlock is what is read of a file at a time. Two or three of them fit a
// processor's cache.
const scanBlock = 1 << 19

// scanFields reads a CSV to its end, which for a compressed one checks that it
// is whole.
func scanFields(ctx context.Context, path string, spec Spec, threads int) (*fieldScan, error) {
	content, err := openContent(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	return scan(ctx, content, newFieldScan(spec.Delimiter, spec.Null), scanBlock, threads)
}

// scan reads blocks of whole lines. Those without a quote are looked at side by
// side, since where rows end in them hangs on nothing that stands before.
func scan(ctx context.Context, content io.Reader, first *fieldScan, size, threads int) (*fieldScan, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(threads)
	free := make(chan []byte, threads+1)
	for range cap(free) {
		free <- make([]byte, size)
	}
	// The scan of each block in their order, and the last that was done here.
	scans, here := []*fieldScan{first}, first
	read := func() error {
		kept, last := []byte(nil), false
		for n := 0; !last; n++ {
			block := <-free
			filled, err := fill(ctx, content, block, kept)
			if last = errors.Is(err, io.EOF); err != nil && !last {
				return err
			}
			text := block[:filled]
			if n == 0 {
				text = bytes.TrimPrefix(text, []byte(byteOrderMark))
			} else {
				scans = append(scans, here.next())
			}
			whole := bytes.LastIndexByte(text, '\n') + 1
			if last || whole == 0 {
				whole = len(text)
			}
			text, kept = text[:whole], append(kept[:0], text[whole:]...)
			s := scans[n]
			if here.header > 0 && here.row == (row{}) && !last && bytes.IndexByte(text, '"') < 0 && bytes.HasSuffix(text, []byte("\n")) {
				group.Go(func() error {
					s.lines(text)
					free <- block
					return nil
				})
				continue
			}
			s.lines(text)
			free <- block
			here = s
		}
		return nil
	}
	err := read()
	if err := errors.Join(err, group.Wait()); err != nil {
		return nil, err
	}
	end := scans[len(scans)-1]
	if end.ended = end.ended && here.place != fieldQuoted; !end.ended {
		here.endRow()
	}
	for _, s := range scans[1:] {
		first.follow(s)
	}
	return first, nil
}

// fill puts into a block what was kept of the last one and as much content as
// goes after it.
func fill(ctx context.Context, content io.Reader, block, kept []byte) (filled int, err error) {
	filled = copy(block, kept)
	for filled < len(block) && err == nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		var n int
		n, err = content.Read(block[filled:])
		filled += n
	}
	return filled, err
}
