package allowlist

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/otlptranslator"
)

// appPrefix is the name space of an app's own metrics.
const appPrefix = "app."

// appMetric is a metric under `app.` as it was first seen: another kind, unit or bounds under that name would be a second
// family of it, for which Prometheus refuses the whole scrape.
type appMetric struct {
	declaration
	edges  []float64
	series []string // the names that it has in the exposition format
	used   time.Time
}

// appMetrics are those that are known now.
type appMetrics struct {
	config *Config
	byName map[string]*appMetric
	owners map[string]string // a metric for each name of the exposition format
}

func newAppMetrics(config *Config) *appMetrics {
	return &appMetrics{config, map[string]*appMetric{}, map[string]string{}}
}

// families are the names that a metric takes in the exposition format. A counter's is kept free with and without `_total`, and
// a histogram's parts are names of their own.
func families(name, unit string, kind kind) []string {
	namer := otlptranslator.MetricNamer{WithMetricSuffixes: true}
	family, err := namer.Build(otlptranslator.Metric{Name: name, Unit: unit, Type: translated[kind]})
	if err != nil {
		return nil
	}
	family = strings.TrimSuffix(family, "_total")
	taken := []string{family, family + "_total", family + "_created"}
	if kind == explicit || kind == exponential {
		taken = append(taken, family+"_bucket", family+"_count", family+"_sum")
	}
	return taken
}

// isAppName says whether a name is one of the app's name space: parts of letters, digits, `_` and `-`.
func isAppName(name string) bool {
	rest, found := strings.CutPrefix(name, appPrefix)
	return found && isIdentifier(rest)
}

// find gives the declaration of a metric of the app, or the reason for which it is dropped.
func (a *appMetrics) find(name, unit string, kind kind, edges []float64, now time.Time) (*declaration, string) {
	if known, found := a.byName[name]; found {
		if known.kind != kind || known.unit != unit || !slices.Equal(known.edges, edges) {
			return nil, reasonConflict
		}
		known.used = now
		return &known.declaration, ""
	}
	if !isAppName(name) || len(unit) > maxIdentifier {
		return nil, reasonUnknown
	}
	taken := families(name, unit, kind)
	if taken == nil {
		return nil, reasonUnknown
	}
	if slices.ContainsFunc(taken, func(one string) bool { return a.owners[one] != "" }) {
		return nil, reasonConflict
	}
	if len(a.byName) >= a.config.MaxAppMetrics {
		a.expire(now)
		if len(a.byName) >= a.config.MaxAppMetrics {
			return nil, reasonNames
		}
	}
	found := &appMetric{declaration{kind, unit, a.config.AppKeys}, slices.Clone(edges), taken, now}
	a.byName[name] = found
	for _, one := range taken {
		a.owners[one] = name
	}
	return &found.declaration, ""
}

func (a *appMetrics) expire(now time.Time) {
	for name, known := range a.byName {
		if now.Sub(known.used) > a.config.Expiry {
			for _, one := range known.series {
				delete(a.owners, one)
			}
			delete(a.byName, name)
		}
	}
}
