package command

import (
	"context"
	"fmt"
	"time"
)

// timedOut is why a command was stopped: its time, which is over.
type timedOut time.Duration

func (t timedOut) Error() string {
	return fmt.Sprintf("timeout: the command took longer than --timeout %s, so nothing is decided; give it more time, or less to do", time.Duration(t))
}

// limit bounds the time of a command, where one was given.
func (a *App) limit(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if a.timeout < 0 {
		return ctx, func() {}, UsageError(fmt.Errorf("--timeout %s is negative; name a time, or 0 for no limit", a.timeout))
	}
	if a.timeout == 0 {
		return ctx, func() {}, nil
	}
	limited, stop := context.WithTimeoutCause(ctx, a.timeout, timedOut(a.timeout))
	return limited, stop, nil
}
