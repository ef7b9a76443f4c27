package allowlist

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// clock is moved by hand.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

type fixture struct {
	*metricsList
	clock     *clock
	telemetry *componenttest.Telemetry
}

func newFixture(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	counters, err := newCounters(telemetry.NewTelemetrySettings(), "metrics")
	if err != nil {
		t.Fatal(err)
	}
	config := defaultConfig()
	if change != nil {
		change(config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	at := &clock{time.Unix(1_800_000_000, 0)}
	return &fixture{newMetricsList(config, counters, at.now), at, telemetry}
}

// count gives the value of one of our counters by the value of its second attribute.
func (f *fixture) count(t *testing.T, name, value string) int64 {
	t.Helper()
	found, err := f.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, point := range found.Data.(metricdata.Sum[int64]).DataPoints {
		for _, pair := range point.Attributes.ToSlice() {
			if pair.Value.AsString() == value {
				total += point.Value
			}
		}
	}
	return total
}

// one makes a request with one metric of the service radio.
func one(build func(pmetric.Metric)) pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	group := metrics.ResourceMetrics().AppendEmpty()
	group.Resource().Attributes().PutStr("service.name", "radio")
	build(group.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty())
	return metrics
}

func sum(name, unit string, value float64, attributes ...string) pmetric.Metrics {
	return one(func(metric pmetric.Metric) {
		metric.SetName(name)
		metric.SetUnit(unit)
		total := metric.SetEmptySum()
		total.SetIsMonotonic(true)
		total.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		point := total.DataPoints().AppendEmpty()
		point.SetDoubleValue(value)
		put(point.Attributes(), attributes)
	})
}

func put(attributes pcommon.Map, pairs []string) {
	for at := 0; at+1 < len(pairs); at += 2 {
		attributes.PutStr(pairs[at], pairs[at+1])
	}
}

// pass gives what remains of a request; nil where it is nothing.
func (f *fixture) pass(t *testing.T, metrics pmetric.Metrics) []pmetric.Metric {
	t.Helper()
	left, err := f.process(context.Background(), metrics)
	if errors.Is(err, processorhelper.ErrSkipProcessingData) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []pmetric.Metric
	for _, group := range left.ResourceMetrics().All() {
		for _, scope := range group.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				all = append(all, metric)
			}
		}
	}
	return all
}
