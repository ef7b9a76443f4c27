package allowlist

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// originalEvent has the name of an event that is "other" to a store's streams.
const originalEvent = "event.original"

// logsList is the state of one logs pipeline. No record is dropped: texts are cut, and an event's name, which makes a stream of
// a store, is one of a bounded number.
type logsList struct {
	counters *counters
	now      func() time.Time

	mu     sync.Mutex
	names  *names
	events *boundedSet
}

func newLogsList(config *Config, counters *counters, now func() time.Time) *logsList {
	return &logsList{counters: counters, now: now, names: newNames(config, counters),
		events: newBoundedSet(config.MaxEvents, config.Expiry, knownEvents)}
}

func (l *logsList) process(_ context.Context, logs plog.Logs) (plog.Logs, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	logs.ResourceLogs().RemoveIf(func(group plog.ResourceLogs) bool {
		l.names.rename(group.Resource(), now)
		group.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
			boundScope(scope.Scope(), l.counters)
			for _, record := range scope.LogRecords().All() {
				l.record(record, now)
			}
			return scope.LogRecords().Len() == 0
		})
		return group.ScopeLogs().Len() == 0
	})
	if logs.ResourceLogs().Len() == 0 {
		return logs, processorhelper.ErrSkipProcessingData
	}
	return logs, nil
}

func (l *logsList) record(record plog.LogRecord, now time.Time) {
	l.counters.bound(boundMap(record.Attributes(), func(key string) bool { return !ownKey(key) }))
	l.counters.bound(boundValue(record.Body()))
	if text, cut := shorten(record.SeverityText(), maxIdentifier); cut {
		record.SetSeverityText(text)
		l.counters.bound(1)
	}
	event := record.EventName()
	if event == "" || isIdentifier(event) && l.events.admit(event, now) {
		return
	}
	l.counters.other("event")
	record.SetEventName(other)
	text, _ := shorten(event, maxLabel)
	record.Attributes().PutStr(originalEvent, text)
}
