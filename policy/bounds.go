package policy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

var (
	errDeadline = errors.New("deadline exceeded")
	errMemory   = errors.New("out of memory")
)

// bounded runs work within the engine's deadline and memory. It returns when a
// bound is met, whether or not the work has noticed: a builtin that is under way
// cannot be stopped, and no decision waits for it.
func (e *Engine) bounded(ctx context.Context, work func(context.Context) error) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("the policy engine broke: %v", p)
			}
		}()
		done <- work(inner)
	}()
	deadline := time.NewTimer(e.deadline)
	defer deadline.Stop()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	most := heap() + e.memory
	for {
		select {
		case err := <-done:
			if ctx.Err() != nil {
				return fmt.Errorf("the policy was interrupted: %w", context.Cause(ctx))
			}
			return err
		case <-ctx.Done():
			return fmt.Errorf("the policy was interrupted: %w", context.Cause(ctx))
		case <-deadline.C:
			cancel(errDeadline)
			return fmt.Errorf("the policy gave no answer within %s; look for a rule whose work grows without bound: %w", e.deadline, errDeadline)
		case <-look.C:
			if heap() <= most {
				continue
			}
			// What is no longer used counts until it is swept.
			if runtime.GC(); heap() <= most {
				continue
			}
			cancel(errMemory)
			return fmt.Errorf("the policy took more than %d MiB of memory; look for a rule whose values grow without bound: %w", e.memory>>20, errMemory)
		}
	}
}

// heap is what objects take, in bytes.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
