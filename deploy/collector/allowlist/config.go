package allowlist

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/otlptranslator"
)

// Config is what a team sets. Its own metrics are those under `app.`.
type Config struct {
	// Services that may send. Others are counted as "other". Empty: the first MaxServices names that come.
	Services []string `mapstructure:"services"`
	// Environments that always keep their name. Four others do besides them.
	Environments []string `mapstructure:"environments"`
	// MaxServices bounds the names of services.
	MaxServices int `mapstructure:"max_services"`
	// AppKeys are the attributes that metrics under `app.` may have.
	AppKeys []string `mapstructure:"app_keys"`
	// ContextKeys are attributes that the app sets for all measurements (`setContext`), besides network.region.
	ContextKeys []string `mapstructure:"context_keys"`
	// Values are values that pass for a key whatever others were seen before: regions, CDN nodes.
	Values map[string][]string `mapstructure:"values"`
	// MaxAppMetrics bounds the names under `app.`.
	MaxAppMetrics int `mapstructure:"max_app_metrics"`
	// MaxValues bounds the values of a key, for each service.
	MaxValues int `mapstructure:"max_values"`
	// MaxSeries bounds the sets of attributes of all metrics, for each service. A bucket of explicit bounds counts as one.
	MaxSeries int `mapstructure:"max_series"`
	// MaxEvents bounds the names of log events besides the package's own.
	MaxEvents int `mapstructure:"max_events"`
	// Expiry is after how long without use a name, a value or a series makes room for another.
	Expiry time.Duration `mapstructure:"expiry"`
}

func defaultConfig() *Config {
	return &Config{MaxServices: 20, MaxAppMetrics: 100, MaxValues: 64, MaxSeries: 2000, MaxEvents: 100, Expiry: 24 * time.Hour}
}

// reserved are labels that Prometheus, its exposition format, its alerts or this chain give a meaning to.
var reserved = []string{"le", "quantile", "job", "instance", "service", "environment", "alertname", "alertstate", "severity",
	"exported_job", "exported_instance", "exporter"}

// Validate refuses keys that would break a scrape: reserved labels, and two that are one label to Prometheus.
func (c *Config) Validate() error {
	for name, limit := range map[string]int{"max_services": c.MaxServices, "max_app_metrics": c.MaxAppMetrics,
		"max_values": c.MaxValues, "max_series": c.MaxSeries, "max_events": c.MaxEvents} {
		if limit < 1 {
			return fmt.Errorf("%s must be positive, found %d", name, limit)
		}
	}
	if c.Expiry <= 0 {
		return errors.New("expiry must be positive")
	}
	for _, name := range slices.Concat(c.Services, c.Environments) {
		if !isIdentifier(name) {
			return fmt.Errorf("services, environments: %q is no identifier", name)
		}
	}
	labels := map[string]string{}
	namer := otlptranslator.LabelNamer{}
	for _, key := range slices.Concat(everyMetric, c.ContextKeys, c.AppKeys) {
		label, err := namer.Build(key)
		if err != nil || !isIdentifier(key) {
			return fmt.Errorf("%q is no attribute key", key)
		}
		if slices.Contains(reserved, label) || strings.HasPrefix(label, "__") {
			return fmt.Errorf("the label %q of the key %q is reserved", label, key)
		}
		if other, taken := labels[label]; taken && other != key {
			return fmt.Errorf("the keys %q and %q are one label to Prometheus", other, key)
		}
		labels[label] = key
	}
	return nil
}
