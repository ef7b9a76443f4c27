// Package ratelimit is a Collector processor that comes after tail sampling: the token of a page is public, and spans can be marked so
// that a policy keeps them all. It lets pass so many spans a second of each service, and drops a trace that comes beyond it whole.
package ratelimit

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/time/rate"
)

// maxServices bounds the limiters that are held. The allow list in front of this bounds the names to fewer.
const maxServices = 1000

// Config is the rate of each service.
type Config struct {
	// SpansPerSecond of one service, in the long run.
	SpansPerSecond int `mapstructure:"spans_per_second"`
	// Burst is how many may come at once.
	Burst int `mapstructure:"burst"`
}

// Validate refuses a rate that would let nothing pass.
func (c *Config) Validate() error {
	if c.SpansPerSecond < 1 || c.Burst < c.SpansPerSecond {
		return errors.New("spans_per_second must be positive, and burst no less than it")
	}
	return nil
}

type limiter struct {
	config  *Config
	now     func() time.Time
	dropped metric.Int64Counter

	mu       sync.Mutex
	services map[string]*rate.Limiter
}

// NewFactory makes the factory of `service_rate_limit`.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("service_rate_limit"),
		func() component.Config { return &Config{SpansPerSecond: 1000, Burst: 10_000} },
		processor.WithTraces(create, component.StabilityLevelDevelopment))
}

func create(
	ctx context.Context, set processor.Settings, config component.Config, next consumer.Traces,
) (processor.Traces, error) {
	made, err := newLimiter(config.(*Config), set.TelemetrySettings, time.Now)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewTraces(ctx, set, config, next, made.process)
}

func newLimiter(config *Config, settings component.TelemetrySettings, now func() time.Time) (*limiter, error) {
	dropped, err := settings.MeterProvider.Meter("tonearm.example/collector/ratelimit").Int64Counter(
		"otelcol_service_rate_limit_dropped_spans", metric.WithDescription("Spans beyond the rate of their service."))
	return &limiter{config: config, now: now, dropped: dropped, services: map[string]*rate.Limiter{}}, err
}

// process takes what tail sampling hands over at once: one trace.
func (l *limiter) process(ctx context.Context, traces ptrace.Traces) (ptrace.Traces, error) {
	spans := map[string]int{}
	for _, group := range traces.ResourceSpans().All() {
		name := ""
		if value, found := group.Resource().Attributes().Get("service.name"); found {
			name = value.AsString()
		}
		for _, scope := range group.ScopeSpans().All() {
			spans[name] += scope.Spans().Len()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for name, count := range spans {
		if l.service(name).AllowN(now, count) {
			continue
		}
		for name, count := range spans {
			l.dropped.Add(ctx, int64(count), metric.WithAttributes(attribute.String("service", name)))
		}
		return traces, processorhelper.ErrSkipProcessingData
	}
	return traces, nil
}

// service gives the limiter of a service. Names beyond the bound share one.
func (l *limiter) service(name string) *rate.Limiter {
	if _, known := l.services[name]; !known && len(l.services) >= maxServices {
		name = ""
	}
	if l.services[name] == nil {
		l.services[name] = rate.NewLimiter(rate.Limit(l.config.SpansPerSecond), l.config.Burst)
	}
	return l.services[name]
}
