package splitrefused

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// batch is one request to the exporter.
type batch struct {
	logs     plog.Logs
	size     int
	attempts int
	// accepted is how many batches the store had accepted when this one was tried first.
	accepted uint64
	notUntil time.Time
	// probe: it is split though the store has accepted nothing since, to find out whether a single record is the reason.
	probe bool
}

var sizer plog.ProtoMarshaler

func newBatch(logs plog.Logs) *batch {
	return &batch{logs: logs, size: sizer.LogsSize(logs)}
}

// split gives the two halves of a batch's records.
func split(logs plog.Logs) (first, second plog.Logs) {
	first, second = plog.NewLogs(), plog.NewLogs()
	half, seen := (logs.LogRecordCount()+1)/2, 0
	for _, group := range logs.ResourceLogs().All() {
		groups := map[bool]plog.ResourceLogs{}
		for _, scope := range group.ScopeLogs().All() {
			scopes := map[bool]plog.ScopeLogs{}
			for _, record := range scope.LogRecords().All() {
				early := seen < half
				seen++
				into, found := scopes[early]
				if !found {
					into = scopeFor(groups, early, group, scope, first, second)
					scopes[early] = into
				}
				record.MoveTo(into.LogRecords().AppendEmpty())
			}
		}
	}
	return first, second
}

func scopeFor(
	groups map[bool]plog.ResourceLogs, early bool, group plog.ResourceLogs, scope plog.ScopeLogs, first, second plog.Logs,
) plog.ScopeLogs {
	target, found := groups[early]
	if !found {
		into := second
		if early {
			into = first
		}
		target = into.ResourceLogs().AppendEmpty()
		group.Resource().CopyTo(target.Resource())
		target.SetSchemaUrl(group.SchemaUrl())
		groups[early] = target
	}
	made := target.ScopeLogs().AppendEmpty()
	scope.Scope().CopyTo(made.Scope())
	made.SetSchemaUrl(scope.SchemaUrl())
	return made
}

// cut splits logs until each part is within a bound. A single record may be larger: the allow list bounds it.
func cut(logs plog.Logs, most int) []*batch {
	whole := newBatch(logs)
	if whole.size <= most || logs.LogRecordCount() < 2 {
		return []*batch{whole}
	}
	first, second := split(logs)
	return append(cut(first, most), cut(second, most)...)
}
