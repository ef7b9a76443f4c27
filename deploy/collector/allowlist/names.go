package allowlist

import (
	"maps"

	"github.com/prometheus/otlptranslator"
)

// kind is an instrument's kind, as the SDK exports it.
type kind int

const (
	counter     kind = iota // sum, delta, monotonic
	upDown                  // sum, delta, not monotonic
	gauge                   // gauge
	exponential             // exponential histogram, delta
	explicit                // histogram with explicit bounds, delta: of an app only
)

// translated is what Prometheus' translator calls each kind once increments are added up.
var translated = map[kind]otlptranslator.MetricType{
	counter:     otlptranslator.MetricTypeMonotonicCounter,
	upDown:      otlptranslator.MetricTypeNonMonotonicCounter,
	gauge:       otlptranslator.MetricTypeGauge,
	exponential: otlptranslator.MetricTypeHistogram,
	explicit:    otlptranslator.MetricTypeHistogram,
}

// declaration is an instrument: its kind, its unit and the attributes that it may have.
type declaration struct {
	kind kind
	unit string
	keys []string
}

// everyMetric are the attributes that any metric may have: late points, series that an SDK has summed up, and the region that
// an app sets for all of its measurements.
var everyMetric = []string{"late", "otel.metric.overflow", "network.region"}

// knownValues are values that pass whatever others were seen before. A key that is here has few values: enumValues more of them
// pass, so that a new release of the package does not wait for a new Collector.
var knownValues = func() map[string][]string {
	values := maps.Clone(declaredValues)
	values["late"] = []string{"true"}
	values["otel.metric.overflow"] = []string{"true"}
	return values
}()

// enumValues is how many further values a key with known ones may have.
const enumValues = 4
