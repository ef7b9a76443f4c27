package allowlist

import "github.com/prometheus/otlptranslator"

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

// tonearm is every metric of the package, as crates/player/src/instrumentation/metrics.rs and crates/telemetry/src/own.rs declare them: a test of
// tests/scripts compares.
var tonearm = map[string]declaration{
	"track.play.latency":        {exponential, "s", []string{"track.play.trigger", "audio.output.method", "cdn.node"}},
	"track.play.phase":          {exponential, "s", []string{"phase", "cdn.node"}},
	"track.play.attempts":       {counter, "{play}", []string{"outcome", "error.class", "cdn.node"}},
	"track.play.time":           {counter, "s", []string{"cdn.node"}},
	"track.buffer.time":         {counter, "s", []string{"cause", "cdn.node"}},
	"track.stalls":              {counter, "{stall}", []string{"cause", "cdn.node"}},
	"track.stall.duration":      {exponential, "s", []string{"cause", "cdn.node"}},
	"track.seek.latency":        {exponential, "s", nil},
	"audio.buffer.underflow":    {counter, "s", []string{"cdn.node"}},
	"audio.buffer.underflows":   {counter, "{underflow}", []string{"cdn.node"}},
	"audio.decode.attempts":     {counter, "{packet}", []string{"audio.codec", "cdn.node"}},
	"audio.decode.failures":     {counter, "{packet}", []string{"audio.codec", "cdn.node", "error.type"}},
	"player.sessions":           {counter, "{session}", nil},
	"player.session.heartbeats": {counter, "{heartbeat}", nil},
	"player.state.transitions":  {counter, "{transition}", []string{"from", "to"}},
	"http.client.request.duration": {exponential, "s", []string{"http.request.method", "http.response.status_code", "error.type",
		"server.address", "server.port", "cdn.node"}},
	"music.search.results": {counter, "{search}", []string{"hit"}},

	"otel.sdk.exporter.span.exported":              {counter, "{span}", []string{"error.type"}},
	"otel.sdk.exporter.metric_data_point.exported": {counter, "{data_point}", []string{"error.type"}},
	"otel.sdk.exporter.log.exported":               {counter, "{log_record}", []string{"error.type"}},
	"otel.sdk.span.started":                        {counter, "{span}", nil},
	"otel.sdk.processor.span.queue.size":           {upDown, "{span}", nil},
	"otel.sdk.log.created":                         {counter, "{log_record}", nil},
	"otel.sdk.processor.log.queue.size":            {upDown, "{log_record}", nil},
	"otel.sdk.exporter.operation.duration":         {exponential, "s", []string{"error.type"}},
}

// everyMetric are the attributes that any metric may have: late points, series that an SDK has summed up, and the region that
// an app sets for all of its measurements.
var everyMetric = []string{"late", "otel.metric.overflow", "network.region"}

// knownValues are values that pass whatever others were seen before. A key that is here has few values: enumValues more of them
// pass, so that a new release of the package does not wait for a new Collector.
var knownValues = map[string][]string{
	"track.play.trigger":   {"user", "auto", "api"},
	"audio.output.method":  {"audible", "rendered", "event"},
	"phase":                {"metadata", "connect", "first_byte", "decode", "output"},
	"outcome":              {"started", "failed", "exited_before_start"},
	"error.class":          {"technical", "business"},
	"cause":                {"startup", "stall", "seek", "network", "decode", "device"},
	"from":                 states,
	"to":                   states,
	"hit":                  {"true", "false"},
	"late":                 {"true"},
	"otel.metric.overflow": {"true"},
	"http.request.method":  {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE", "_OTHER"},
}

var states = []string{"idle", "loading", "ready", "starting", "playing", "rebuffering", "paused", "seeking", "ended", "failed",
	"recovering"}

// knownEvents are the package's own log events.
var knownEvents = []string{"player.state_changed", "player.session_active", "track.ended", "track.play_failed",
	"audio.decode_failed", "audio.device_changed", "telemetry.dropped", "sdk.panicked"}

// enumValues is how many further values a key with known ones may have.
const enumValues = 4
