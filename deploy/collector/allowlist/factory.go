// Package allowlist is a Collector processor for records that any page may have sent: the token of a page is public. Of metrics
// it lets pass known names with their kind, unit, temporality and attributes, and a bounded number of values and series; of spans
// and log records it bounds texts and what becomes a label. It counts what it drops or changes. It knows nothing of the stores.
package allowlist

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

var capabilities = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

// NewFactory makes the factory of `allow_list`.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("allow_list"), func() component.Config { return defaultConfig() },
		processor.WithMetrics(createMetrics, component.StabilityLevelDevelopment),
		processor.WithLogs(createLogs, component.StabilityLevelDevelopment),
		processor.WithTraces(createTraces, component.StabilityLevelDevelopment))
}

func createMetrics(
	ctx context.Context, set processor.Settings, config component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	counters, err := newCounters(set.TelemetrySettings, "metrics")
	if err != nil {
		return nil, err
	}
	list := newMetricsList(config.(*Config), counters, time.Now)
	return processorhelper.NewMetrics(ctx, set, config, next, list.process, capabilities)
}

func createLogs(ctx context.Context, set processor.Settings, config component.Config, next consumer.Logs) (processor.Logs, error) {
	counters, err := newCounters(set.TelemetrySettings, "logs")
	if err != nil {
		return nil, err
	}
	list := newLogsList(config.(*Config), counters, time.Now)
	return processorhelper.NewLogs(ctx, set, config, next, list.process, capabilities)
}

func createTraces(
	ctx context.Context, set processor.Settings, config component.Config, next consumer.Traces,
) (processor.Traces, error) {
	counters, err := newCounters(set.TelemetrySettings, "traces")
	if err != nil {
		return nil, err
	}
	list := newTracesList(config.(*Config), counters, time.Now)
	return processorhelper.NewTraces(ctx, set, config, next, list.process, capabilities)
}
