package allowlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

func newLogs(t *testing.T) *logsList {
	t.Helper()
	counters, err := newCounters(componenttest.NewNopTelemetrySettings(), "logs")
	if err != nil {
		t.Fatal(err)
	}
	return newLogsList(defaultConfig(), counters, (&clock{time.Unix(1_800_000_000, 0)}).now)
}

func record(build func(plog.LogRecord)) plog.Logs {
	logs := plog.NewLogs()
	group := logs.ResourceLogs().AppendEmpty()
	group.Resource().Attributes().PutStr("service.name", "radio")
	build(group.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	return logs
}

func TestAPageCannotSetWhatAStoreReads(t *testing.T) {
	list := newLogs(t)
	logs := record(func(r plog.LogRecord) {
		for _, key := range []string{"service", "environment", "event", "time.original", "_time", "_msg", "_stream_id", "", "job"} {
			r.Attributes().PutStr(key, "forged")
		}
		r.Attributes().PutStr("kept", "yes")
	})
	logs.ResourceLogs().At(0).Resource().Attributes().PutStr("environment", "forged")
	if _, err := list.process(context.Background(), logs); err != nil {
		t.Fatal(err)
	}
	left := logs.ResourceLogs().At(0)
	if got := left.ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw(); len(got) != 1 || got["kept"] != "yes" {
		t.Errorf("%v", got)
	}
	if got := left.Resource().Attributes().AsRaw(); len(got) != 1 || got[keyService] != "radio" {
		t.Errorf("%v", got)
	}
}

func TestNamesOfEventsAreBounded(t *testing.T) {
	list := newLogs(t)
	found := map[string]bool{}
	send := func(name string) (string, map[string]any) {
		logs := record(func(r plog.LogRecord) { r.SetEventName(name) })
		if _, err := list.process(context.Background(), logs); err != nil {
			t.Fatal(err)
		}
		left := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		return left.EventName(), left.Attributes().AsRaw()
	}
	for n := range 5000 {
		name, _ := send(fmt.Sprint("e", n))
		found[name] = true
	}
	if len(found) != 101 || !found[other] {
		t.Errorf("%d names", len(found))
	}
	if name, _ := send("track.ended"); name != "track.ended" {
		t.Errorf("an event of the package is %q", name)
	}
	name, attributes := send(`x"} | delete`)
	if name != other || attributes[originalEvent] != `x"} | delete` {
		t.Errorf("%q, %v", name, attributes)
	}
}

func TestALogRecordIsBoundedInBytes(t *testing.T) {
	list := newLogs(t)
	logs := record(func(r plog.LogRecord) {
		r.Body().SetStr(strings.Repeat("ü", 4<<20))
		r.SetSeverityText(strings.Repeat("s", 1<<20))
		for n := range 1000 {
			r.Attributes().PutStr(fmt.Sprint("k", n), "v")
		}
		r.Attributes().PutStr(strings.Repeat("k", 1000), "v")
		nested := r.Attributes().PutEmptyMap("k0")
		for n := range 10_000 {
			nested.PutStr(fmt.Sprint("n", n), "value")
		}
	})
	if _, err := list.process(context.Background(), logs); err != nil {
		t.Fatal(err)
	}
	left := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	if size := (&plog.ProtoMarshaler{}).LogRecordSize(left); size > 3*maxText || left.Attributes().Len() != maxAttributes {
		t.Errorf("%d bytes, %d attributes", size, left.Attributes().Len())
	}
	if text := left.Body().Str(); len(text) != maxText || strings.ContainsRune(text, '\ufffd') {
		t.Errorf("a body of %d bytes", len(text))
	}
}

func TestAttributesAreBoundedTogether(t *testing.T) {
	list := newLogs(t)
	logs := record(func(r plog.LogRecord) {
		for n := range 100 {
			r.Attributes().PutStr(fmt.Sprint("k", n), strings.Repeat("v", maxText))
		}
	})
	if _, err := list.process(context.Background(), logs); err != nil {
		t.Fatal(err)
	}
	left := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	if size := (&plog.ProtoMarshaler{}).LogRecordSize(left); size > maxMap+1024 || left.Attributes().Len() != 3 {
		t.Errorf("%d bytes, %d attributes", size, left.Attributes().Len())
	}
}

func TestTextThatIsNoUTF8IsLeftOut(t *testing.T) {
	if got, cut := shorten("a\xffb\xc3", 100); got != "ab" || !cut {
		t.Errorf("%q", got)
	}
	if got, cut := shorten("aü", 2); got != "a" || !cut {
		t.Errorf("%q", got)
	}
	if got, cut := shorten("ü�", 100); got != "ü�" || cut {
		t.Errorf("%q", got)
	}
}

func TestSpansAreBoundedAndHaveADuration(t *testing.T) {
	counters, err := newCounters(componenttest.NewNopTelemetrySettings(), "traces")
	if err != nil {
		t.Fatal(err)
	}
	list := newTracesList(defaultConfig(), counters, (&clock{time.Unix(1_800_000_000, 0)}).now)
	send := func(length time.Duration, node string) ptrace.Span {
		traces := ptrace.NewTraces()
		span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		start := time.Unix(1_800_000_000, 0)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(length)))
		span.SetName(strings.Repeat("n", 1<<20))
		span.Attributes().PutStr("cdn.node", node)
		for range 1000 {
			span.Events().AppendEmpty()
			span.Links().AppendEmpty()
		}
		if _, err := list.process(context.Background(), traces); errors.Is(err, processorhelper.ErrSkipProcessingData) {
			return ptrace.Span{}
		}
		return span
	}
	for _, length := range []time.Duration{-time.Second, 8 * 24 * time.Hour} {
		if send(length, "a") != (ptrace.Span{}) {
			t.Errorf("a span of %v passed", length)
		}
	}
	nodes := map[any]bool{}
	for n := range 200 {
		span := send(time.Second, fmt.Sprint("n", n))
		nodes[span.Attributes().AsRaw()["cdn.node"]] = true
		if len(span.Name()) != maxText || span.Events().Len() != maxEvents || span.Links().Len() != maxEvents {
			t.Fatalf("%d bytes of name, %d events, %d links", len(span.Name()), span.Events().Len(), span.Links().Len())
		}
	}
	if len(nodes) != 65 || !nodes[other] {
		t.Errorf("%d values become labels", len(nodes))
	}
}
