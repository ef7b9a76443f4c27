package allowlist

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// metricsList is the state of one metrics pipeline.
type metricsList struct {
	config   *Config
	counters *counters
	now      func() time.Time

	mu       sync.Mutex
	names    *names
	apps     *appMetrics
	services map[string]*serviceSeries
}

func newMetricsList(config *Config, counters *counters, now func() time.Time) *metricsList {
	return &metricsList{config: config, counters: counters, now: now, names: newNames(config, counters),
		apps: newAppMetrics(config), services: map[string]*serviceSeries{}}
}

func (m *metricsList) process(_ context.Context, metrics pmetric.Metrics) (pmetric.Metrics, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	metrics.ResourceMetrics().RemoveIf(func(group pmetric.ResourceMetrics) bool {
		service, namespace, environment := m.names.of(group.Resource(), now)
		attributes := group.Resource().Attributes()
		attributes.Clear()
		attributes.PutStr(keyService, service)
		if namespace != "" {
			attributes.PutStr(keyNamespace, namespace)
		}
		if environment != "" {
			attributes.PutStr(keyEnvironment, environment)
		}
		group.SetSchemaUrl("")
		series := m.services[service]
		if series == nil {
			series = newServiceSeries(m.config)
			m.services[service] = series
		}
		group.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
			// Two scopes are one series to Prometheus, which refuses a scrape that has a series twice.
			pmetric.NewScopeMetrics().Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl("")
			scope.Metrics().RemoveIf(func(metric pmetric.Metric) bool {
				return !m.metric(series, namespace+"\x01"+environment, metric, now)
			})
			return scope.Metrics().Len() == 0
		})
		return group.ScopeMetrics().Len() == 0
	})
	if metrics.ResourceMetrics().Len() == 0 {
		return metrics, processorhelper.ErrSkipProcessingData
	}
	return metrics, nil
}

// shape gives what a metric is, and for explicit bounds those of its first point; the reason for which it is dropped otherwise.
func shape(metric pmetric.Metric) (kind, []float64, string) {
	temporality := pmetric.AggregationTemporalityDelta
	found, edges := gauge, []float64(nil)
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
	case pmetric.MetricTypeSum:
		temporality = metric.Sum().AggregationTemporality()
		found = upDown
		if metric.Sum().IsMonotonic() {
			found = counter
		}
	case pmetric.MetricTypeHistogram:
		temporality = metric.Histogram().AggregationTemporality()
		found = explicit
		if points := metric.Histogram().DataPoints(); points.Len() > 0 {
			edges = points.At(0).ExplicitBounds().AsRaw()
		}
	case pmetric.MetricTypeExponentialHistogram:
		temporality = metric.ExponentialHistogram().AggregationTemporality()
		found = exponential
	default:
		return 0, nil, reasonType
	}
	if temporality != pmetric.AggregationTemporalityDelta {
		return 0, nil, reasonTemporality
	}
	return found, edges, ""
}

func pointsOf(metric pmetric.Metric) int {
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		return metric.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return metric.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return metric.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return metric.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return metric.Summary().DataPoints().Len()
	default:
		return 1
	}
}

// declared gives the declaration of a metric and its bounds, or the reason for which it is dropped.
func (m *metricsList) declared(metric pmetric.Metric, now time.Time) (*declaration, bounds, string) {
	kind, edges, reason := shape(metric)
	if found, known := tonearm[metric.Name()]; known {
		switch {
		case reason != "":
		case found.kind != kind:
			reason = reasonType
		case found.unit != metric.Unit():
			reason = reasonConflict
		}
		return &found, tonearmBounds, reason
	}
	if !isAppName(metric.Name()) {
		return nil, appBounds, reasonUnknown
	}
	if reason == "" && kind == explicit && !validEdges(edges) {
		reason = reasonRange
	}
	if reason != "" {
		return nil, appBounds, reason
	}
	found, reason := m.apps.find(metric.Name(), metric.Unit(), kind, edges, now)
	return found, appBounds, reason
}

// metric gives whether anything of a metric may pass, and leaves of it what may.
func (m *metricsList) metric(service *serviceSeries, scope string, metric pmetric.Metric, now time.Time) bool {
	found, limits, reason := m.declared(metric, now)
	if reason != "" {
		m.counters.drop(reason, pointsOf(metric))
		return false
	}
	metric.SetDescription("")
	metric.Metadata().Clear()
	weight := 1
	passes := func(reason string, attributes pcommon.Map) bool {
		if reason == "" && !m.attributes(service, scope, metric.Name(), found, weight, attributes, now) {
			reason = reasonSeries
		}
		if reason != "" {
			m.counters.drop(reason, 1)
		}
		return reason == ""
	}
	number := func(point pmetric.NumberDataPoint) bool {
		reason := checkNumber(point, found.kind, limits)
		point.Exemplars().RemoveIf(func(pmetric.Exemplar) bool { return true })
		return !passes(reason, point.Attributes())
	}
	switch found.kind {
	case gauge:
		metric.Gauge().DataPoints().RemoveIf(number)
	case counter, upDown:
		metric.Sum().DataPoints().RemoveIf(number)
	case exponential:
		metric.ExponentialHistogram().DataPoints().RemoveIf(func(point pmetric.ExponentialHistogramDataPoint) bool {
			return !passes(checkExponential(point, limits), point.Attributes())
		})
	case explicit:
		points := metric.Histogram().DataPoints()
		if points.Len() == 0 {
			return false
		}
		edges := points.At(0).ExplicitBounds().AsRaw()
		weight = len(edges) + 3
		points.RemoveIf(func(point pmetric.HistogramDataPoint) bool {
			reason := checkExplicit(point, edges, limits)
			return !passes(reason, point.Attributes())
		})
	}
	return pointsOf(metric) > 0
}
