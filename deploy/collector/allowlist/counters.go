package allowlist

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// counters are the Collector's own metrics about what did not pass. Their labels have few values: a reason, a key of the
// configuration.
type counters struct {
	signal  attribute.KeyValue
	dropped metric.Int64Counter
	others  metric.Int64Counter
	bounded metric.Int64Counter
}

func newCounters(settings component.TelemetrySettings, signal string) (*counters, error) {
	meter := settings.MeterProvider.Meter("tonearm.example/collector/allowlist")
	dropped, err1 := meter.Int64Counter("otelcol_allow_list_dropped",
		metric.WithDescription("Points, spans and log records that were dropped, by reason."))
	others, err2 := meter.Int64Counter("otelcol_allow_list_other",
		metric.WithDescription("Values that became \"other\", by key: beyond a bound, or of another form."))
	bounded, err3 := meter.Int64Counter("otelcol_allow_list_bounded",
		metric.WithDescription("Attributes and texts that were removed or cut."))
	return &counters{attribute.String("signal", signal), dropped, others, bounded}, errors.Join(err1, err2, err3)
}

func (c *counters) drop(reason string, records int) {
	c.dropped.Add(context.Background(), int64(records), metric.WithAttributes(c.signal, attribute.String("reason", reason)))
}

func (c *counters) other(key string) {
	c.others.Add(context.Background(), 1, metric.WithAttributes(c.signal, attribute.String("key", key)))
}

func (c *counters) bound(values int64) {
	if values > 0 {
		c.bounded.Add(context.Background(), values, metric.WithAttributes(c.signal))
	}
}
