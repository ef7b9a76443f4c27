//! Metrics (opentelemetry/proto/metrics/v1/metrics.proto), of the kinds that the core exports.

use crate::common::KeyValue;
use crate::read::messages;
use crate::scalar::{Double, Fixed64, Hex, Packed, Signed, Text, Unsigned, Zigzag};

messages! {
    /// `Metric`: one of its last four members is there.
    Metric<'a> {
        1 => name: Option<Text<'a>>,
        2 => description: Option<Text<'a>>,
        3 => unit: Option<Text<'a>>,
        5 => gauge: Option<Gauge<'a>>,
        7 => sum: Option<Sum<'a>>,
        9 => histogram: Option<Histogram<'a>>,
        10 => exponential_histogram: Option<ExponentialHistogram<'a>>,
    }

    /// `Gauge`.
    Gauge<'a> {
        1 => data_points: Vec<NumberDataPoint<'a>>,
    }

    /// `Sum`.
    Sum<'a> {
        1 => data_points: Vec<NumberDataPoint<'a>>,
        2 => aggregation_temporality: Option<u32>,
        3 => is_monotonic: Option<bool>,
    }

    /// `Histogram`.
    Histogram<'a> {
        1 => data_points: Vec<HistogramDataPoint<'a>>,
        2 => aggregation_temporality: Option<u32>,
    }

    /// `ExponentialHistogram`.
    ExponentialHistogram<'a> {
        1 => data_points: Vec<ExponentialHistogramDataPoint<'a>>,
        2 => aggregation_temporality: Option<u32>,
    }

    /// `NumberDataPoint`.
    NumberDataPoint<'a> {
        2 => start_time_unix_nano: Option<Unsigned>,
        3 => time_unix_nano: Option<Unsigned>,
        4 => as_double: Option<Double>,
        5 => exemplars: Vec<Exemplar<'a>>,
        6 => as_int: Option<Signed>,
        7 => attributes: Vec<KeyValue<'a>>,
        8 => flags: Option<u32>,
    }

    /// `HistogramDataPoint`.
    HistogramDataPoint<'a> {
        2 => start_time_unix_nano: Option<Unsigned>,
        3 => time_unix_nano: Option<Unsigned>,
        4 => count: Option<Unsigned>,
        5 => sum: Option<Double>,
        6 => bucket_counts: Packed<Fixed64>,
        7 => explicit_bounds: Packed<Double>,
        8 => exemplars: Vec<Exemplar<'a>>,
        9 => attributes: Vec<KeyValue<'a>>,
        10 => flags: Option<u32>,
        11 => min: Option<Double>,
        12 => max: Option<Double>,
    }

    /// `ExponentialHistogramDataPoint`.
    ExponentialHistogramDataPoint<'a> {
        1 => attributes: Vec<KeyValue<'a>>,
        2 => start_time_unix_nano: Option<Unsigned>,
        3 => time_unix_nano: Option<Unsigned>,
        4 => count: Option<Unsigned>,
        5 => sum: Option<Double>,
        6 => scale: Option<Zigzag>,
        7 => zero_count: Option<Unsigned>,
        8 => positive: Option<Buckets>,
        9 => negative: Option<Buckets>,
        10 => flags: Option<u32>,
        11 => exemplars: Vec<Exemplar<'a>>,
        12 => min: Option<Double>,
        13 => max: Option<Double>,
        14 => zero_threshold: Option<Double>,
    }

    /// `ExponentialHistogramDataPoint.Buckets`.
    Buckets {
        1 => offset: Option<Zigzag>,
        2 => bucket_counts: Packed<Unsigned>,
    }

    /// `Exemplar`.
    Exemplar<'a> {
        2 => time_unix_nano: Option<Unsigned>,
        3 => as_double: Option<Double>,
        4 => span_id: Option<Hex<'a>>,
        5 => trace_id: Option<Hex<'a>>,
        6 => as_int: Option<Signed>,
        7 => filtered_attributes: Vec<KeyValue<'a>>,
    }
}
