package allowlist

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const overflowKey = "otel.metric.overflow"

// serviceSeries bounds what one service may have: values of each key, and sets of attributes over all metrics. Beyond them a
// metric of the package has its overflow series always, so that no increment of it is lost; those of the app's are bounded too.
type serviceSeries struct {
	values   map[string]*boundedSet
	series   *weighedSet
	overflow *weighedSet
}

// weighedSet is a bounded set whose members weigh what they are in Prometheus: one series, or one for each bucket.
type weighedSet struct {
	most, weight int
	expiry       time.Duration
	used         map[string]weighed
	swept        time.Time
}

type weighed struct {
	weight int
	last   time.Time
}

func (s *weighedSet) admit(member string, weight int, now time.Time) bool {
	if known, found := s.used[member]; found {
		s.used[member] = weighed{known.weight, now}
		return true
	}
	if s.weight+weight > s.most {
		if now.Sub(s.swept) < sweepInterval {
			return false
		}
		s.swept = now
		for old, one := range s.used {
			if now.Sub(one.last) > s.expiry {
				s.weight -= one.weight
				delete(s.used, old)
			}
		}
		if s.weight+weight > s.most {
			return false
		}
	}
	s.weight += weight
	s.used[member] = weighed{weight, now}
	return true
}

func newServiceSeries(config *Config) *serviceSeries {
	set := func(most int) *weighedSet {
		return &weighedSet{most: most, expiry: config.Expiry, used: map[string]weighed{}}
	}
	return &serviceSeries{map[string]*boundedSet{}, set(config.MaxSeries), set(config.MaxAppMetrics)}
}

// value gives the value that a key may have in this service.
func (m *metricsList) value(service *serviceSeries, key, text string, now time.Time) string {
	set := service.values[key]
	if set == nil {
		most, fixed := m.config.MaxValues, knownValues[key]
		if fixed != nil {
			most = enumValues
		}
		set = newBoundedSet(most, m.config.Expiry, slices.Concat(fixed, m.config.Values[key]))
		service.values[key] = set
	}
	if isLabel(text) && set.admit(text, now) {
		return text
	}
	m.counters.other(key)
	return other
}

// attributes replaces a point's attributes by those that its metric declares, with values within their bounds. Gives whether
// the point may pass.
func (m *metricsList) attributes(
	service *serviceSeries, scope, name string, found *declaration, weight int, attributes pcommon.Map, now time.Time,
) bool {
	var id strings.Builder
	id.WriteString(scope)
	id.WriteByte(0)
	id.WriteString(name)
	head := id.String()
	given := attributes.Len()
	kept := make([][2]string, 0, len(found.keys)+len(everyMetric))
	for _, keys := range [][]string{found.keys, everyMetric, m.config.ContextKeys} {
		for _, key := range keys {
			value, present := attributes.Get(key)
			if !present {
				continue
			}
			text := labelText(value)
			if text == "" || slices.ContainsFunc(kept, func(pair [2]string) bool { return pair[0] == key }) {
				continue
			}
			text = m.value(service, key, text, now)
			kept = append(kept, [2]string{key, text})
			id.WriteByte(0)
			id.WriteString(key)
			id.WriteByte(1)
			id.WriteString(text)
		}
	}
	m.counters.bound(int64(given - len(kept)))
	attributes.Clear()
	if !service.series.admit(id.String(), weight, now) {
		m.counters.other(overflowKey)
		if _, known := tonearm[name]; !known && !service.overflow.admit(head, weight, now) {
			return false
		}
		attributes.PutStr(overflowKey, "true")
		return true
	}
	for _, pair := range kept {
		attributes.PutStr(pair[0], pair[1])
	}
	return true
}
