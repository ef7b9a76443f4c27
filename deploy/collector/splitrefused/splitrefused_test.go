package splitrefused

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
)

// store refuses what `refuses` says, and keeps how often each line came.
type store struct {
	mu       sync.Mutex
	refuses  func(lines []string) bool
	lines    map[string]int
	requests int
	largest  int
}

func (*store) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *store) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	var lines []string
	for _, group := range logs.ResourceLogs().All() {
		service, _ := group.Resource().Attributes().Get("service.name")
		for _, scope := range group.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				lines = append(lines, service.Str()+" "+record.Body().Str())
			}
		}
	}
	if s.refuses != nil && s.refuses(lines) {
		return errors.New("429")
	}
	s.largest = max(s.largest, sizer.LogsSize(logs))
	for _, line := range lines {
		s.lines[line]++
	}
	return nil
}

func lines(service string, texts ...string) plog.Logs {
	logs := plog.NewLogs()
	group := logs.ResourceLogs().AppendEmpty()
	group.Resource().Attributes().PutStr("service.name", service)
	scope := group.ScopeLogs().AppendEmpty()
	for _, text := range texts {
		scope.LogRecords().AppendEmpty().Body().SetStr(text)
	}
	return logs
}

func start(t *testing.T, to *store, change func(*Config)) *splitter {
	t.Helper()
	to.lines = map[string]int{}
	config := defaultConfig()
	if change != nil {
		change(config)
	}
	made, err := newSplitter(config, componenttest.NewNopTelemetrySettings(), to)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Start(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return made
}

func consume(t *testing.T, s *splitter, logs plog.Logs) {
	t.Helper()
	if err := s.ConsumeLogs(context.Background(), logs); err != nil {
		t.Fatal(err)
	}
}

func poisoned(lines []string) bool {
	for _, line := range lines {
		if strings.Contains(line, "poison") {
			return true
		}
	}
	return false
}

func TestRecordsThatTheStoreRefusesDoNotBlockOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &store{refuses: poisoned}
		s := start(t, to, nil)
		for n := range 30 {
			consume(t, s, lines("evil", fmt.Sprint("poison ", n)))
			time.Sleep(2 * time.Second)
		}
		for n := range 20 {
			consume(t, s, lines("radio", fmt.Sprint("honest ", n)))
		}
		time.Sleep(2 * time.Second)
		if len(to.lines) != 20 {
			t.Errorf("%d of 20 lines after two seconds", len(to.lines))
		}
		time.Sleep(5 * time.Minute)
		if s.queued != 0 {
			t.Errorf("%d bytes wait still", s.queued)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestLinesThatShareABatchWithARefusedOneArriveOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &store{refuses: poisoned}
		s := start(t, to, nil)
		// All of them are one batch, and the store has accepted nothing before.
		for n := range 400 {
			consume(t, s, lines("radio", fmt.Sprint("honest ", n), fmt.Sprint("next ", n)))
			if n%100 == 50 {
				consume(t, s, lines("radio", fmt.Sprint("poison ", n)))
			}
		}
		time.Sleep(5 * time.Minute)
		twice := 0
		for _, count := range to.lines {
			if count > 1 {
				twice++
			}
		}
		if len(to.lines) != 800 || twice > 0 {
			t.Errorf("%d of 800 lines, %d twice", len(to.lines), twice)
		}
		// The last refused record is at fault only once the store has accepted another.
		consume(t, s, lines("radio", "later"))
		time.Sleep(5 * time.Minute)
		if s.queued != 0 {
			t.Errorf("%d bytes wait", s.queued)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsDroppedWhileTheStoreAcceptsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		to := &store{refuses: func([]string) bool { return down }}
		s := start(t, to, nil)
		for n := range 300 {
			consume(t, s, lines("radio", fmt.Sprint("a ", n), fmt.Sprint("b ", n)))
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Hour)
		to.mu.Lock()
		down = false
		to.requests = 0
		to.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if len(to.lines) != 600 || s.queued != 0 {
			t.Errorf("%d of 600 lines, %d bytes wait", len(to.lines), s.queued)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatWaitsIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &store{refuses: func([]string) bool { return true }}
		s := start(t, to, func(c *Config) { c.QueueBytes, c.BatchBytes = 1<<20, 64<<10 })
		text, accepted := strings.Repeat("x", 8<<10), 0
		for range 1000 {
			if s.ConsumeLogs(context.Background(), lines("radio", text)) == nil {
				accepted++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if accepted < 100 || accepted > 128 {
			t.Errorf("%d of 1000 were accepted", accepted)
		}
		to.mu.Lock()
		to.refuses = nil
		to.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if to.lines["radio "+text] != accepted || to.largest > 64<<10 {
			t.Errorf("%d lines of %d, the largest request has %d bytes", to.lines["radio "+text], accepted, to.largest)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatWaitsIsSentWhenTheCollectorEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &store{}
		s := start(t, to, func(c *Config) { c.FlushTimeout = time.Hour })
		consume(t, s, lines("radio", "last"))
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if to.lines["radio last"] != 1 {
			t.Error("the last line is lost")
		}
	})
}

func TestSplittingKeepsResourcesAndOrder(t *testing.T) {
	logs := lines("a", "1", "2", "3")
	lines("b", "4", "5").ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	first, second := split(logs)
	to := &store{lines: map[string]int{}}
	if first.LogRecordCount() != 3 || second.LogRecordCount() != 2 || first.ResourceLogs().Len() != 1 {
		t.Errorf("%d and %d", first.LogRecordCount(), second.LogRecordCount())
	}
	for _, half := range []plog.Logs{first, second} {
		if err := to.ConsumeLogs(context.Background(), half); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"a 1", "a 2", "a 3", "b 4", "b 5"} {
		if to.lines[line] != 1 {
			t.Errorf("%q came %d times", line, to.lines[line])
		}
	}
}
