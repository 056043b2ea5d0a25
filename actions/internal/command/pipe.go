package command

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errClosed is why a run ends whose reader has gone.
var errClosed = errors.New("nobody reads the output any more")

// A pipe is a stream that ends the run when its other end is closed.
type pipe struct {
	io.Writer
	stop context.CancelCauseFunc
}

func (p pipe) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		p.stop(errClosed)
	}
	return n, err
}

// Unwrap is the stream itself.
func (p pipe) Unwrap() io.Writer { return p.Writer }

// survivePipes keeps a closed pipe from killing the process, which would leave
// behind what is unfinished. The signal itself says nothing: it also comes of a
// connection that a server has closed. Ignoring it would be inherited by programs.
func survivePipes() (release func()) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return func() { signal.Stop(broken) }
}
