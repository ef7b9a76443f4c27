// Package splitrefused is a Collector processor in front of an exporter of logs that has neither queue nor retries. A store may
// refuse a batch for a single record in it, again and again, with a status that asks for another attempt: such batches would
// occupy every consumer of a queue. Here a refused batch goes to the end of the queue. When the store accepts others and refuses
// this one, it is split until the record at fault is alone, and that record is dropped and counted. While the store accepts
// nothing at all, everything waits, and the sender is refused when the queue is full.
package splitrefused

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var errFull = errors.New("the queue of logs is full")

type splitter struct {
	config  *Config
	next    consumer.Logs
	dropped metric.Int64Counter
	label   metric.MeasurementOption
	gauge   metric.Registration

	mu       sync.Mutex
	open     plog.Logs // gathers until it is a batch
	openSize int
	waiting  []*batch
	queued   int // bytes of all that is here, under way included
	accepted uint64
	probing  bool

	changed chan struct{} // of capacity 1: something may be sent
	stop    chan struct{}
	done    sync.WaitGroup
}

// NewFactory makes the factory of `split_refused`.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("split_refused"), func() component.Config { return defaultConfig() },
		processor.WithLogs(create, component.StabilityLevelDevelopment))
}

func create(_ context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	return newSplitter(config.(*Config), set.TelemetrySettings, next)
}

func newSplitter(config *Config, settings component.TelemetrySettings, next consumer.Logs) (*splitter, error) {
	meter := settings.MeterProvider.Meter("tonearm.example/collector/splitrefused")
	made := &splitter{config: config, next: next, open: plog.NewLogs(), changed: make(chan struct{}, 1), stop: make(chan struct{}),
		label: metric.WithAttributes(attribute.String("exporter", config.Exporter))}
	dropped, err1 := meter.Int64Counter("otelcol_split_refused_dropped_log_records",
		metric.WithDescription("Log records that the store refused while it accepted others."))
	size, err2 := meter.Int64ObservableGauge("otelcol_split_refused_queue_size",
		metric.WithDescription("Bytes of log records that wait for the store."))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	made.dropped = dropped
	var err error
	made.gauge, err = meter.RegisterCallback(func(_ context.Context, observer metric.Observer) error {
		made.mu.Lock()
		defer made.mu.Unlock()
		observer.ObserveInt64(size, int64(made.queued), made.label)
		return nil
	}, size)
	return made, err
}

func (*splitter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (s *splitter) Start(context.Context, component.Host) error {
	s.done.Add(s.config.Consumers + 1)
	go s.flushRegularly()
	for range s.config.Consumers {
		go s.send()
	}
	return nil
}

// Shutdown makes one last attempt with all that waits.
func (s *splitter) Shutdown(ctx context.Context) error {
	close(s.stop)
	s.done.Wait()
	s.mu.Lock()
	s.flush()
	rest := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	var failed error
	for _, one := range rest {
		if err := s.next.ConsumeLogs(ctx, one.logs); err != nil {
			failed = err
		}
	}
	return errors.Join(failed, s.gauge.Unregister())
}

func (s *splitter) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	size := sizer.LogsSize(logs)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queued+size > s.config.QueueBytes {
		return errFull
	}
	s.queued += size
	s.openSize += size
	logs.ResourceLogs().MoveAndAppendTo(s.open.ResourceLogs())
	if s.openSize >= s.config.BatchBytes {
		s.flush()
	}
	return nil
}

// flush makes batches of what was gathered. The lock is held.
func (s *splitter) flush() {
	if s.openSize == 0 {
		return
	}
	s.queued -= s.openSize
	logs := s.open
	s.open, s.openSize = plog.NewLogs(), 0
	for _, one := range cut(logs, s.config.BatchBytes) {
		s.enqueue(one)
	}
	s.notify()
}

func (s *splitter) enqueue(one *batch) {
	s.queued += one.size
	s.waiting = append(s.waiting, one)
}

func (s *splitter) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *splitter) flushRegularly() {
	defer s.done.Done()
	ticks := time.NewTicker(s.config.FlushTimeout)
	defer ticks.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticks.C:
			s.mu.Lock()
			s.flush()
			s.mu.Unlock()
		}
	}
}

// take removes the first batch whose time has come; where there is none, it gives how long that is.
func (s *splitter) take() (*batch, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, wait := time.Now(), s.config.MaxInterval
	for at, one := range s.waiting {
		if left := one.notUntil.Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		s.waiting = append(s.waiting[:at], s.waiting[at+1:]...)
		if one.attempts == 0 {
			one.accepted = s.accepted
		}
		if len(s.waiting) > 0 {
			s.notify()
		}
		return one, 0
	}
	return nil, wait
}

func (s *splitter) send() {
	defer s.done.Done()
	for {
		one, wait := s.take()
		if one == nil {
			timer := time.NewTimer(wait)
			select {
			case <-s.stop:
				timer.Stop()
				return
			case <-s.changed:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		logs := plog.NewLogs()
		one.logs.CopyTo(logs)
		s.settle(one, s.next.ConsumeLogs(context.Background(), logs))
		select {
		case <-s.stop:
			return
		default:
		}
	}
}

// settle is what follows from an attempt.
func (s *splitter) settle(one *batch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued -= one.size
	if err == nil {
		s.accepted++
		if one.probe {
			s.probing = false
		}
		return
	}
	one.attempts++
	others := s.accepted > one.accepted
	single := one.logs.LogRecordCount() < 2
	switch {
	case one.attempts < s.config.Attempts:
	case single && others:
		s.dropped.Add(context.Background(), int64(one.logs.LogRecordCount()), s.label)
		if one.probe {
			s.probing = false
		}
		return
	case single:
		if one.probe {
			s.probing, one.probe = false, false
		}
	case others || one.probe || !s.probing:
		// Every batch may have a record at fault: one at a time is split though nothing was accepted since.
		s.halve(one, !others)
		return
	}
	one.notUntil = time.Now().Add(s.interval(one.attempts))
	s.enqueue(one)
	s.notify()
}

func (s *splitter) halve(one *batch, probe bool) {
	if one.probe || probe {
		s.probing = probe
	}
	first, second := split(one.logs)
	for at, logs := range []plog.Logs{first, second} {
		half := newBatch(logs)
		half.accepted = s.accepted
		// One more refusal splits it again. A single record gets all attempts.
		if logs.LogRecordCount() > 1 {
			half.attempts = s.config.Attempts - 1
		}
		half.probe = probe && at == 0
		if probe {
			half.notUntil = time.Now().Add(s.config.InitialInterval)
		}
		s.enqueue(half)
	}
	s.notify()
}

func (s *splitter) interval(attempts int) time.Duration {
	wait := s.config.InitialInterval
	for range min(attempts-1, 20) {
		wait = min(2*wait, s.config.MaxInterval)
	}
	return wait
}
