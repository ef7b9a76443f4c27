package allowlist

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func histogram(change func(pmetric.ExponentialHistogram, pmetric.ExponentialHistogramDataPoint)) pmetric.Metrics {
	return one(func(metric pmetric.Metric) {
		metric.SetName("track.play.latency")
		metric.SetUnit("s")
		all := metric.SetEmptyExponentialHistogram()
		all.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		point := all.DataPoints().AppendEmpty()
		point.SetCount(1)
		point.SetSum(0.2)
		point.SetScale(20)
		point.Positive().SetOffset(-2_434_719)
		point.Positive().BucketCounts().FromRaw([]uint64{1})
		if change != nil {
			change(all, point)
		}
	})
}

func TestWhatThePackageSendsPasses(t *testing.T) {
	f := newFixture(t, nil)
	for name, one := range tonearm {
		if one.kind != counter {
			continue
		}
		attributes := []string{"network.region", "eu"}
		for _, key := range one.keys {
			attributes = append(attributes, key, "x")
			if known := knownValues[key]; known != nil {
				attributes[len(attributes)-1] = known[0]
			}
		}
		left := f.pass(t, sum(name, one.unit, 1, attributes...))
		if len(left) != 1 {
			t.Fatalf("%s was dropped", name)
		}
		got := left[0].Sum().DataPoints().At(0)
		want := map[string]any{}
		for at := 0; at < len(attributes); at += 2 {
			want[attributes[at]] = attributes[at+1]
		}
		if !maps.Equal(got.Attributes().AsRaw(), want) || got.DoubleValue() != 1 {
			t.Errorf("%s: %v of %v", name, got.Attributes().AsRaw(), want)
		}
	}
	if len(f.pass(t, histogram(nil))) != 1 {
		t.Error("the histogram was dropped")
	}
}

func TestEachForgedPointIsDroppedByItsReason(t *testing.T) {
	attempts := func(change func(pmetric.Metric)) pmetric.Metrics {
		metrics := sum("track.play.attempts", "{play}", 3, "outcome", "started")
		change(metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0))
		return metrics
	}
	number := func(change func(pmetric.NumberDataPoint)) pmetric.Metrics {
		return attempts(func(metric pmetric.Metric) { change(metric.Sum().DataPoints().At(0)) })
	}
	latency := func(change func(pmetric.ExponentialHistogramDataPoint)) pmetric.Metrics {
		return histogram(func(_ pmetric.ExponentialHistogram, point pmetric.ExponentialHistogramDataPoint) { change(point) })
	}
	type hp = pmetric.ExponentialHistogramDataPoint
	for name, forged := range map[string]struct {
		reason  string
		metrics pmetric.Metrics
	}{
		"NaN":               {reasonNotFinite, number(func(p pmetric.NumberDataPoint) { p.SetDoubleValue(math.NaN()) })},
		"Infinity":          {reasonNotFinite, number(func(p pmetric.NumberDataPoint) { p.SetDoubleValue(math.Inf(1)) })},
		"minus Infinity":    {reasonNotFinite, number(func(p pmetric.NumberDataPoint) { p.SetDoubleValue(math.Inf(-1)) })},
		"a decrement":       {reasonNegative, number(func(p pmetric.NumberDataPoint) { p.SetDoubleValue(-1) })},
		"an int decrement":  {reasonNegative, number(func(p pmetric.NumberDataPoint) { p.SetIntValue(-1) })},
		"a huge increment":  {reasonRange, number(func(p pmetric.NumberDataPoint) { p.SetDoubleValue(1e300) })},
		"no value recorded": {reasonNoValue, number(func(p pmetric.NumberDataPoint) { p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true)) })},
		"a point without a value": {reasonNoValue, attempts(func(m pmetric.Metric) {
			m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return true })
			m.Sum().DataPoints().AppendEmpty()
		})},
		"a name that normalises to another's": {reasonUnknown, attempts(func(m pmetric.Metric) { m.SetName("track.play_attempts") })},
		"a name of Prometheus":                {reasonUnknown, attempts(func(m pmetric.Metric) { m.SetName("ALERTS") })},
		"a name with a suffix":                {reasonUnknown, attempts(func(m pmetric.Metric) { m.SetName("track.play.attempts.total") })},
		"the name space alone":                {reasonUnknown, attempts(func(m pmetric.Metric) { m.SetName("app.") })},
		"an app's name with a quote":          {reasonUnknown, attempts(func(m pmetric.Metric) { m.SetName(`app.a"b`) })},
		"another unit":                        {reasonConflict, attempts(func(m pmetric.Metric) { m.SetUnit("s") })},
		"a gauge of a counter's name":         {reasonType, attempts(func(m pmetric.Metric) { m.SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(3) })},
		"a summary":                           {reasonType, attempts(func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty() })},
		"no type":                             {reasonType, one(func(m pmetric.Metric) { m.SetName("track.play.attempts") })},
		"a sum that may fall":                 {reasonType, attempts(func(m pmetric.Metric) { m.Sum().SetIsMonotonic(false) })},
		"a cumulative sum": {reasonTemporality, attempts(func(m pmetric.Metric) {
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		})},
		"a sum of no temporality": {reasonTemporality, attempts(func(m pmetric.Metric) {
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityUnspecified)
		})},
		"a cumulative histogram": {reasonTemporality, histogram(func(h pmetric.ExponentialHistogram, _ hp) {
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		})},
		"explicit bounds in place of a native histogram": {reasonType, one(func(m pmetric.Metric) {
			m.SetName("track.play.latency")
			m.SetUnit("s")
			h := m.SetEmptyHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			h.DataPoints().AppendEmpty()
		})},
		"a histogram's sum of NaN":       {reasonNotFinite, latency(func(p hp) { p.SetSum(math.NaN()) })},
		"a negative sum":                 {reasonNegative, latency(func(p hp) { p.SetSum(-1) })},
		"a sum beyond its count":         {reasonRange, latency(func(p hp) { p.SetSum(1e300) })},
		"no sum":                         {reasonNoValue, latency(func(p hp) { p.RemoveSum() })},
		"a coarse scale":                 {reasonRange, latency(func(p hp) { p.SetScale(-10); p.Positive().SetOffset(0) })},
		"a scale finer than any":         {reasonRange, latency(func(p hp) { p.SetScale(21) })},
		"a wide zero bucket":             {reasonRange, latency(func(p hp) { p.SetZeroThreshold(10) })},
		"a bucket far above":             {reasonRange, latency(func(p hp) { p.SetScale(0); p.Positive().SetOffset(1000) })},
		"a bucket far below":             {reasonRange, latency(func(p hp) { p.SetScale(0); p.Positive().SetOffset(-1000) })},
		"an offset that overflows":       {reasonRange, latency(func(p hp) { p.Positive().SetOffset(math.MaxInt32) })},
		"negative buckets":               {reasonNegative, latency(func(p hp) { p.Negative().BucketCounts().FromRaw([]uint64{1}) })},
		"a count beyond its buckets":     {reasonRange, latency(func(p hp) { p.SetCount(5) })},
		"a count of 2^63":                {reasonRange, latency(func(p hp) { p.SetCount(1 << 63) })},
		"buckets whose sum overflows":    {reasonRange, latency(func(p hp) { p.Positive().BucketCounts().FromRaw([]uint64{1 << 63, 1 << 63, 1}) })},
		"a zero count that overflows":    {reasonRange, latency(func(p hp) { p.SetZeroCount(math.MaxUint64); p.Positive().BucketCounts().FromRaw([]uint64{1, 1}) })},
		"more buckets than an SDK keeps": {reasonRange, latency(func(p hp) { p.Positive().BucketCounts().FromRaw(make([]uint64, 400)) })},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			if left := f.pass(t, forged.metrics); left != nil {
				t.Fatalf("passed: %v", left)
			}
			if got := f.count(t, "otelcol_allow_list_dropped", forged.reason); got != 1 {
				t.Errorf("counted %d times as %q", got, forged.reason)
			}
		})
	}
}

func TestOnlyDeclaredAttributesBecomeLabels(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.ContextKeys = []string{"app.version"} })
	metrics := sum("track.play.attempts", "{play}", 1, "outcome", "started", "le", "1", "quantile", "0.5", "__name__", "up",
		"session.id", "me", "kind", "a", "error_class", "x", "app.version", "2.0")
	point := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	point.Exemplars().AppendEmpty()
	left := f.pass(t, metrics)[0].Sum().DataPoints().At(0)
	if want := map[string]any{"outcome": "started", "app.version": "2.0"}; !maps.Equal(left.Attributes().AsRaw(), want) {
		t.Errorf("%v", left.Attributes().AsRaw())
	}
	if left.Exemplars().Len() != 0 {
		t.Error("an exemplar of a page passed")
	}
}

func TestTwoFormsOfOneSeriesAreOne(t *testing.T) {
	f := newFixture(t, nil)
	var found []map[string]any
	for n := range 4 {
		metrics := sum("music.search.results", "{search}", 1)
		group := metrics.ResourceMetrics().At(0)
		scope := group.ScopeMetrics().At(0)
		scope.Scope().SetName(fmt.Sprint("scope ", n))
		scope.Scope().Attributes().PutStr("a", "b")
		scope.SetSchemaUrl("https://example.com")
		group.SetSchemaUrl("https://example.com")
		group.Resource().Attributes().PutInt("host", int64(n))
		scope.Metrics().At(0).SetDescription(fmt.Sprint(n))
		point := scope.Metrics().At(0).Sum().DataPoints().At(0)
		switch n {
		case 0:
			point.Attributes().PutStr("hit", "true")
		case 1:
			point.Attributes().PutBool("hit", true)
		case 2:
			point.SetIntValue(1)
			point.Attributes().PutStr("hit", "true")
		case 3:
			point.Attributes().PutStr("hit", "true")
			point.Attributes().PutStr("late", "")
		}
		metric := f.pass(t, metrics)[0]
		left := metric.Sum().DataPoints().At(0)
		attributes := left.Attributes().AsRaw()
		attributes["type"], attributes["description"] = left.ValueType(), metric.Description()
		attributes["scope"], attributes["resource"] = scope.Scope().Name()+scope.SchemaUrl()+group.SchemaUrl(), group.Resource().Attributes().Len()
		attributes["scope attributes"] = scope.Scope().Attributes().Len()
		found = append(found, attributes)
	}
	for _, one := range found[1:] {
		if !maps.Equal(one, found[0]) {
			t.Errorf("%v is another series than %v", one, found[0])
		}
	}
}

func TestValuesOfAKeyAreBoundedAndNothingIsLost(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxValues, c.Values = 10, map[string][]string{"cdn.node": {"fra-1"}} })
	total, seen := 0.0, map[any]float64{}
	send := func(node string) {
		point := f.pass(t, sum("track.play.time", "s", 1, "cdn.node", node))[0].Sum().DataPoints().At(0)
		total += point.DoubleValue()
		seen[point.Attributes().AsRaw()["cdn.node"]]++
	}
	send("honest")
	for n := range 5000 {
		send(fmt.Sprint("n", n))
	}
	send("honest")
	send("fra-1")
	if len(seen) != 12 || seen["honest"] != 2 || seen["fra-1"] != 1 || seen[other] != 4991 || total != 5003 {
		t.Errorf("%d values, %v, a sum of %v", len(seen), seen, total)
	}
	if got := f.count(t, "otelcol_allow_list_other", "cdn.node"); got != 4991 {
		t.Errorf("counted %d", got)
	}
	// A day later there is room again.
	f.clock.time = f.clock.time.Add(25 * time.Hour)
	send("tomorrow")
	if seen["tomorrow"] != 1 {
		t.Error("nothing has expired")
	}
}

func TestSeriesOfAServiceAreBoundedAndNothingIsLost(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxSeries = 50 })
	f.pass(t, sum("track.play.attempts", "{play}", 1, "outcome", "started", "cdn.node", "mine"))
	sets, total := map[string]bool{}, 0.0
	for a := range 60 {
		for b := range 60 {
			metrics := sum("audio.decode.failures", "{packet}", 1, "audio.codec", fmt.Sprint("c", a), "cdn.node", fmt.Sprint("n", b))
			point := f.pass(t, metrics)[0].Sum().DataPoints().At(0)
			sets[fmt.Sprint(point.Attributes().AsRaw())] = true
			total += point.DoubleValue()
		}
	}
	if len(sets) != 50 || !sets["map[otel.metric.overflow:true]"] || total != 3600 {
		t.Errorf("%d sets, a sum of %v", len(sets), total)
	}
	honest := f.pass(t, sum("track.play.attempts", "{play}", 1, "outcome", "started", "cdn.node", "mine"))
	if honest[0].Sum().DataPoints().At(0).Attributes().Len() != 2 {
		t.Error("a series that was there before has moved")
	}
	// Another service has its own bound.
	metrics := sum("track.play.attempts", "{play}", 1, "outcome", "failed")
	metrics.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.name", "podcast")
	if f.pass(t, metrics)[0].Sum().DataPoints().At(0).Attributes().Len() != 1 {
		t.Error("one service has taken another's series")
	}
}

func TestNamesHaveAGrammar(t *testing.T) {
	for _, forged := range []string{`radio"} or up{job="`, "a b", "'", "{{ .Labels }}", "../x", "_hidden", "ü", strings.Repeat("a", 64), "a\x00", "a\xff"} {
		f := newFixture(t, nil)
		metrics := sum("player.sessions", "{session}", 1)
		for _, key := range []string{keyService, keyNamespace, keyEnvironment} {
			metrics.ResourceMetrics().At(0).Resource().Attributes().PutStr(key, forged)
		}
		f.pass(t, metrics)
		want := map[string]any{keyService: other, keyNamespace: other, keyEnvironment: other}
		if got := metrics.ResourceMetrics().At(0).Resource().Attributes().AsRaw(); !maps.Equal(got, want) {
			t.Errorf("%q: %v", forged, got)
		}
		left := f.pass(t, sum("audio.decode.failures", "{packet}", 1, "error.type", forged+"'"))
		if got := left[0].Sum().DataPoints().At(0).Attributes().AsRaw()["error.type"]; got != other {
			t.Errorf("%q is a label", got)
		}
	}
}

func TestServicesAreBounded(t *testing.T) {
	name := func(f *fixture, service string) string {
		metrics := sum("player.sessions", "{session}", 1)
		metrics.ResourceMetrics().At(0).Resource().Attributes().PutStr(keyService, service)
		f.pass(t, metrics)
		return metrics.ResourceMetrics().At(0).Resource().Attributes().AsRaw()[keyService].(string)
	}
	f := newFixture(t, nil)
	found := map[string]bool{}
	for n := range 1000 {
		found[name(f, fmt.Sprint("s", n))] = true
	}
	if len(found) != 21 || !found[other] || len(f.services) != 21 {
		t.Errorf("%d services", len(found))
	}
	listed := newFixture(t, func(c *Config) { c.Services = []string{"radio"} })
	if name(listed, "evil") != other || name(listed, "radio") != "radio" {
		t.Error("a list of services is not kept to")
	}
	if got := name(listed, ""); got != unknownService {
		t.Errorf("no name is %q", got)
	}
}

func TestAnAppsMetricsHaveOneKindAndOneFamily(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.AppKeys, c.MaxAppMetrics = []string{"kind"}, 3 })
	explicitOf := func(name string, edges ...float64) pmetric.Metrics {
		return one(func(m pmetric.Metric) {
			m.SetName(name)
			h := m.SetEmptyHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			point := h.DataPoints().AppendEmpty()
			point.SetCount(1)
			point.SetSum(1)
			point.ExplicitBounds().FromRaw(edges)
			counts := make([]uint64, len(edges)+1)
			counts[0] = 1
			point.BucketCounts().FromRaw(counts)
		})
	}
	left := f.pass(t, sum("app.likes", "", 1, "kind", "song", "le", "1"))
	if got := left[0].Sum().DataPoints().At(0).Attributes().AsRaw(); !maps.Equal(got, map[string]any{"kind": "song"}) {
		t.Errorf("%v", got)
	}
	if f.pass(t, explicitOf("app.size", 1, 2, 3)) == nil {
		t.Error("a histogram of the app was dropped")
	}
	for name, metrics := range map[string]pmetric.Metrics{
		"a gauge of its name": one(func(m pmetric.Metric) {
			m.SetName("app.likes")
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(1)
		}),
		"another unit":             sum("app.likes", "s", 1),
		"another's family":         sum("app.likes.total", "", 1),
		"another's by punctuation": sum("app-likes", "", 1),
		"a histogram's part":       sum("app.size.count", "", 1),
		"other bounds":             explicitOf("app.size", 1, 2),
	} {
		if f.pass(t, metrics) != nil {
			t.Errorf("%s passed", name)
		}
	}
	for _, edges := range [][]float64{{}, {2, 1}, {1, 1}, {math.NaN()}, {math.Inf(1)}, make([]float64, 100)} {
		if f.pass(t, explicitOf("app.edges", edges...)) != nil {
			t.Errorf("bounds %v passed", edges)
		}
	}
	if f.pass(t, sum("app.third", "", 1)) == nil || f.pass(t, sum("app.fourth", "", 1)) != nil {
		t.Error("the number of names is not bounded")
	}
	f.clock.time = f.clock.time.Add(25 * time.Hour)
	if f.pass(t, sum("app.fourth", "", 1)) == nil {
		t.Error("nothing has expired")
	}
}

func TestKeysThatWouldBreakAScrapeAreRefused(t *testing.T) {
	for _, keys := range [][]string{{"le"}, {"quantile"}, {"job"}, {"service"}, {"__name__"}, {"a.b", "a_b"}, {`a"b`}, {""}} {
		config := defaultConfig()
		config.AppKeys = keys
		if config.Validate() == nil {
			t.Errorf("%v is accepted", keys)
		}
	}
}

func TestARequestOfManyPointsKeepsTheHonestOnes(t *testing.T) {
	f := newFixture(t, nil)
	metrics := sum("track.play.attempts", "{play}", 1, "outcome", "started")
	points := metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints()
	for _, value := range []float64{math.NaN(), -5, math.Inf(1), 2} {
		point := points.AppendEmpty()
		point.SetDoubleValue(value)
		point.Attributes().PutStr("outcome", "started")
	}
	left := f.pass(t, metrics)[0].Sum().DataPoints()
	var values []float64
	for _, point := range left.All() {
		values = append(values, point.DoubleValue())
	}
	if !slices.Equal(values, []float64{1, 2}) {
		t.Errorf("%v", values)
	}
}

func TestARepeatedKeyIsOne(t *testing.T) {
	// A map of pdata may hold a key twice when it came so over the wire.
	source := one(func(m pmetric.Metric) {
		m.SetName("track.play.time")
		m.SetUnit("s")
		total := m.SetEmptySum()
		total.SetIsMonotonic(true)
		total.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		point := total.DataPoints().AppendEmpty()
		point.SetDoubleValue(1)
		put(point.Attributes(), []string{"cdn.node", "a", "cdn.nodf", "b"})
	})
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(source)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics([]byte(strings.ReplaceAll(string(body), "cdn.nodf", "cdn.node")))
	if err != nil {
		t.Fatal(err)
	}
	left := newFixture(t, nil).pass(t, twice)[0].Sum().DataPoints().At(0).Attributes()
	if left.Len() != 1 || left.AsRaw()["cdn.node"] != "a" {
		t.Errorf("%v", left.AsRaw())
	}
}
