package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

func trace(service string, spans int) ptrace.Traces {
	traces := ptrace.NewTraces()
	group := traces.ResourceSpans().AppendEmpty()
	group.Resource().Attributes().PutStr("service.name", service)
	scope := group.ScopeSpans().AppendEmpty()
	for range spans {
		scope.Spans().AppendEmpty()
	}
	return traces
}

func TestEachServiceHasItsOwnRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	limiter, err := newLimiter(&Config{SpansPerSecond: 10, Burst: 20}, componenttest.NewNopTelemetrySettings(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	passed := func(service string, traces int) int {
		count := 0
		for range traces {
			if _, err := limiter.process(context.Background(), trace(service, 4)); err == nil {
				count++
			} else if !errors.Is(err, processorhelper.ErrSkipProcessingData) {
				t.Fatal(err)
			}
		}
		return count
	}
	if got := passed("evil", 1000); got != 5 {
		t.Errorf("%d traces of a burst passed", got)
	}
	if got := passed("radio", 5); got != 5 {
		t.Errorf("another service had %d of 5", got)
	}
	now = now.Add(2 * time.Second)
	if got := passed("evil", 1000); got != 5 {
		t.Errorf("%d traces passed two seconds later", got)
	}
	for n := range 3 * maxServices {
		passed(fmt.Sprint("s", n), 1)
	}
	if len(limiter.services) > maxServices+1 {
		t.Errorf("%d limiters are held", len(limiter.services))
	}
}

func TestARateThatLetsNothingPassIsRefused(t *testing.T) {
	for _, config := range []Config{{}, {SpansPerSecond: 10}, {SpansPerSecond: -1, Burst: 5}} {
		if config.Validate() == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
}
