package allowlist

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

const (
	maxEvents = 128
	// maxDuration is longer than any play: a span beyond it has no duration that a histogram should have.
	maxDuration = 7 * 24 * time.Hour

	reasonDuration = "duration"
)

// tracesList is the state of one traces pipeline.
type tracesList struct {
	config   *Config
	counters *counters
	now      func() time.Time

	mu     sync.Mutex
	names  *names
	values map[string]*boundedSet
}

// measuredKeys are attributes of spans that the span_metrics connector makes labels of.
var measuredKeys = []string{"track.play.trigger", "cdn.node", "network.region"}

func newTracesList(config *Config, counters *counters, now func() time.Time) *tracesList {
	list := &tracesList{config: config, counters: counters, now: now, names: newNames(config, counters), values: map[string]*boundedSet{}}
	for _, key := range measuredKeys {
		most := config.MaxValues
		if knownValues[key] != nil {
			most = enumValues
		}
		list.values[key] = newBoundedSet(most, config.Expiry, slices.Concat(knownValues[key], config.Values[key]))
	}
	return list
}

func (t *tracesList) process(_ context.Context, traces ptrace.Traces) (ptrace.Traces, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	traces.ResourceSpans().RemoveIf(func(group ptrace.ResourceSpans) bool {
		t.names.rename(group.Resource(), now)
		group.ScopeSpans().RemoveIf(func(scope ptrace.ScopeSpans) bool {
			boundScope(scope.Scope(), t.counters)
			scope.Spans().RemoveIf(func(span ptrace.Span) bool { return !t.span(span, now) })
			return scope.Spans().Len() == 0
		})
		return group.ScopeSpans().Len() == 0
	})
	if traces.ResourceSpans().Len() == 0 {
		return traces, processorhelper.ErrSkipProcessingData
	}
	return traces, nil
}

// span gives whether a span may pass, and bounds what it holds.
func (t *tracesList) span(span ptrace.Span, now time.Time) bool {
	length := span.EndTimestamp().AsTime().Sub(span.StartTimestamp().AsTime())
	if span.EndTimestamp() < span.StartTimestamp() || length > maxDuration {
		t.counters.drop(reasonDuration, 1)
		return false
	}
	bounded := boundMap(span.Attributes(), func(key string) bool { return !ownKey(key) })
	for _, key := range measuredKeys {
		value, found := span.Attributes().Get(key)
		if !found {
			continue
		}
		if text := labelText(value); !isLabel(text) || !t.values[key].admit(text, now) {
			t.counters.other(key)
			value.SetStr(other)
		}
	}
	cut := func(text string, set func(string)) {
		if short, changed := shorten(text, maxText); changed {
			set(short)
			bounded++
		}
	}
	cut(span.Name(), span.SetName)
	cut(span.Status().Message(), span.Status().SetMessage)
	cut(span.TraceState().AsRaw(), span.TraceState().FromRaw)
	kept := 0
	span.Events().RemoveIf(func(event ptrace.SpanEvent) bool {
		kept++
		cut(event.Name(), event.SetName)
		bounded += boundMap(event.Attributes(), func(string) bool { return true })
		return kept > maxEvents
	})
	kept = 0
	span.Links().RemoveIf(func(link ptrace.SpanLink) bool {
		kept++
		bounded += boundMap(link.Attributes(), func(string) bool { return true })
		cut(link.TraceState().AsRaw(), link.TraceState().FromRaw)
		return kept > maxEvents
	})
	t.counters.bound(bounded)
	return true
}

// boundScope bounds the texts of an instrumentation scope.
func boundScope(scope pcommon.InstrumentationScope, counters *counters) {
	for _, one := range []struct {
		text string
		set  func(string)
	}{{scope.Name(), scope.SetName}, {scope.Version(), scope.SetVersion}} {
		if short, cut := shorten(one.text, maxLabel); cut {
			one.set(short)
			counters.bound(1)
		}
	}
	counters.bound(boundMap(scope.Attributes(), func(key string) bool { return !ownKey(key) }))
}
