package allowlist

import (
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// bounds of what one point may say. All points of one series are added up, so one point beyond them would spoil the sum, or the
// resolution of the histogram, of every honest one.
type bounds struct {
	most    float64 // of a value, and of a histogram's count
	minimum int     // the lowest power of two that a histogram's bucket may hold
	maximum int     // the highest
	signed  bool    // whether a histogram may have negative values
}

var (
	// Seconds, plays and packets of one export interval: from a nanosecond to half a year.
	tonearmBounds = bounds{most: 1e6, minimum: -30, maximum: 24}
	appBounds     = bounds{most: 1e12, minimum: -40, maximum: 50, signed: true}
)

const (
	// minScale is where a bucket doubles. The bounds above fit into the 160 buckets of an aggregation at this scale.
	minScale = 0
	maxScale = 20
	// maxBuckets is twice what an SDK's aggregation has.
	maxBuckets        = 320
	maxExplicitBounds = 32
)

// Reasons for dropping.
const (
	reasonUnknown     = "unknown_metric"
	reasonType        = "type"
	reasonTemporality = "temporality"
	reasonConflict    = "conflict"
	reasonNotFinite   = "not_finite"
	reasonNegative    = "negative"
	reasonRange       = "out_of_range"
	reasonNoValue     = "no_value"
	reasonSeries      = "series_limit"
	reasonNames       = "name_limit"
)

func isFinite(value float64) bool {
	return !math.IsNaN(value) && !math.IsInf(value, 0)
}

// checkNumber gives the reason for which a point is dropped. Its value becomes a double: a series that has begun with an integer
// ignores the doubles that are added to it.
func checkNumber(point pmetric.NumberDataPoint, kind kind, limits bounds) string {
	if point.Flags().NoRecordedValue() {
		return reasonNoValue
	}
	switch point.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		point.SetDoubleValue(float64(point.IntValue()))
	case pmetric.NumberDataPointValueTypeDouble:
	default:
		return reasonNoValue
	}
	value := point.DoubleValue()
	switch {
	case !isFinite(value):
		return reasonNotFinite
	case kind == counter && value < 0:
		return reasonNegative
	case kind != gauge && math.Abs(value) > limits.most:
		return reasonRange
	}
	return ""
}

// checkSum covers what both kinds of histograms have. A point without a sum would remove the sum of its series.
func checkSum(flags pmetric.DataPointFlags, hasSum bool, sum float64, count uint64, limits bounds) string {
	largest := math.Ldexp(1, limits.maximum) * float64(count)
	switch {
	case flags.NoRecordedValue(), !hasSum:
		return reasonNoValue
	case !isFinite(sum):
		return reasonNotFinite
	case sum < 0 && !limits.signed:
		return reasonNegative
	case float64(count) > limits.most, math.Abs(sum) > largest:
		return reasonRange
	}
	return ""
}

func checkExponential(point pmetric.ExponentialHistogramDataPoint, limits bounds) string {
	if reason := checkSum(point.Flags(), point.HasSum(), point.Sum(), point.Count(), limits); reason != "" {
		return reason
	}
	if point.Scale() < minScale || point.Scale() > maxScale || point.ZeroThreshold() != 0 {
		return reasonRange
	}
	if !limits.signed && point.Negative().BucketCounts().Len() > 0 {
		return reasonNegative
	}
	total := point.ZeroCount()
	for _, buckets := range []pmetric.ExponentialHistogramDataPointBuckets{point.Positive(), point.Negative()} {
		counted, ok := countBuckets(buckets.BucketCounts(), maxBuckets, point.Count())
		if !ok || !bucketsWithin(buckets, point.Scale(), limits) {
			return reasonRange
		}
		total += counted
	}
	if point.ZeroCount() > point.Count() || total != point.Count() {
		return reasonRange
	}
	point.RemoveMin()
	point.RemoveMax()
	point.Exemplars().RemoveIf(func(pmetric.Exemplar) bool { return true })
	return ""
}

// bucketsWithin says whether all buckets lie between the two powers of two. Bucket n holds values above 2^(n/2^scale).
func bucketsWithin(buckets pmetric.ExponentialHistogramDataPointBuckets, scale int32, limits bounds) bool {
	length := buckets.BucketCounts().Len()
	if length == 0 {
		return true
	}
	first := int64(buckets.Offset())
	last := first + int64(length)
	return first >= int64(limits.minimum)<<scale && last <= int64(limits.maximum)<<scale
}

// countBuckets adds buckets up. None of them can hold more than all do, so the sum does not overflow.
func countBuckets(counts pcommon.UInt64Slice, most int, all uint64) (uint64, bool) {
	if counts.Len() > most {
		return 0, false
	}
	total := uint64(0)
	for at := range counts.Len() {
		if counts.At(at) > all {
			return 0, false
		}
		total += counts.At(at)
	}
	return total, true
}

// validEdges says whether bounds rise.
func validEdges(edges []float64) bool {
	for at, edge := range edges {
		if !isFinite(edge) || at > 0 && edge <= edges[at-1] {
			return false
		}
	}
	return len(edges) > 0 && len(edges) <= maxExplicitBounds
}

// checkExplicit holds a point against the bounds that its metric has: an aggregation begins anew when they change.
func checkExplicit(point pmetric.HistogramDataPoint, edges []float64, limits bounds) string {
	if reason := checkSum(point.Flags(), point.HasSum(), point.Sum(), point.Count(), limits); reason != "" {
		return reason
	}
	if !slices.Equal(point.ExplicitBounds().AsRaw(), edges) {
		return reasonConflict
	}
	total, ok := countBuckets(point.BucketCounts(), len(edges)+1, point.Count())
	if !ok || point.BucketCounts().Len() != len(edges)+1 || total != point.Count() {
		return reasonRange
	}
	point.RemoveMin()
	point.RemoveMax()
	point.Exemplars().RemoveIf(func(pmetric.Exemplar) bool { return true })
	return ""
}
