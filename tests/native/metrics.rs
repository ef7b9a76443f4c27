//! Metrics: points that decode to what was recorded, histograms equal to `opentelemetry_sdk`'s bucket for
//! bucket.

use std::collections::BTreeMap;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, Metric, metric::Data, number_data_point,
};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{Aggregation, InMemoryMetricExporter, SdkMeterProvider, Stream};
use prost::Message;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_telemetry::{
    Attributes, Config, Instrument, Kind, SAMPLED, Signal, SpanContext, Telemetry, Value,
};

const KEYS: &[&str] = &["a", "b"];
const HISTOGRAM: Instrument<'_> = Instrument::new("h", "s", Kind::Histogram, KEYS);
const COUNTER: Instrument<'_> = Instrument::new("c", "{thing}", Kind::Counter, KEYS);
const BALANCE: Instrument<'_> = Instrument::new("u", "By", Kind::UpDownCounter, KEYS);
const GAUGE: Instrument<'_> = Instrument::new("g", "1", Kind::Gauge, KEYS);
/// Their numbers in a pipeline.
const H: u32 = 0;
const C: u32 = 1;
const U: u32 = 2;
const G: u32 = 3;

fn telemetry(cumulative: bool) -> Telemetry {
    let config = Config { cumulative, ..Config::default() };
    Telemetry::new(
        config,
        ClockAnchor::at_origin(1e12),
        Random::seeded([4, 5]),
        &[HISTOGRAM, COUNTER, BALANCE, GAUGE],
    )
}

fn at(millis: f64) -> Instant {
    Instant::from_millis(millis)
}

fn unix(millis: u64) -> u64 {
    (1_000_000_000_000 + millis) * 1_000_000
}

/// Collects, and answers the export.
fn collect(telemetry: &mut Telemetry, now: f64) -> Vec<Metric> {
    telemetry.flush(at(now));
    let Some(export) = telemetry.poll_export(at(now)) else { return Vec::new() };
    assert_eq!(export.signal, Signal::Metrics);
    telemetry.handle_reply(at(now), export.id, &crate::fake_host::accepted());
    let request = ExportMetricsServiceRequest::decode(export.body.as_slice()).expect("metrics");
    assert_eq!(request.encoded_len(), export.body.len(), "nothing is written that is not read");
    request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics).collect()
}

fn exponential(metric: &Metric) -> &[ExponentialHistogramDataPoint] {
    let Some(Data::ExponentialHistogram(histogram)) = &metric.data else { panic!("{metric:?}") };
    &histogram.data_points
}

/// Scale, zeros, and both signs' first bucket and counts.
type Buckets = (i32, u64, (i32, Vec<u64>), (i32, Vec<u64>));

fn oracle(values: &[f64]) -> Buckets {
    let exporter = InMemoryMetricExporter::default();
    let view = |_: &opentelemetry_sdk::metrics::Instrument| {
        let aggregation =
            Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
        Some(Stream::builder().with_aggregation(aggregation).build().unwrap())
    };
    let provider =
        SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).with_view(view).build();
    let histogram = provider.meter("m").f64_histogram("h").build();
    for value in values {
        histogram.record(*value, &[]);
    }
    provider.force_flush().unwrap();
    let finished = exporter.get_finished_metrics().unwrap();
    let metric = finished[0].scope_metrics().next().unwrap().metrics().next().unwrap();
    let AggregatedMetrics::F64(MetricData::ExponentialHistogram(histogram)) = metric.data() else { panic!() };
    let point = histogram.data_points().next().unwrap();
    let (positive, negative) = (point.positive_bucket(), point.negative_bucket());
    (
        i32::from(point.scale()),
        point.zero_count(),
        (positive.offset(), positive.counts().collect()),
        (negative.offset(), negative.counts().collect()),
    )
}

#[test]
fn an_instrument_that_is_made_again_is_the_same() {
    let mut telemetry =
        Telemetry::new(Config::default(), ClockAnchor::at_origin(1e12), Random::seeded([1, 2]), &[]);
    let counter = Instrument::new("c", "1", Kind::Counter, &[]);
    let made =
        [counter, Instrument { unit: b"s", ..counter }, Instrument { kind: Kind::Gauge, ..counter }, counter]
            .map(|instrument| telemetry.instrument(Instant::ORIGIN, &instrument));
    assert_eq!(made, [0, 1, 2, 0]);
}

#[test]
fn exponential_histograms_are_the_sdks_bucket_for_bucket() {
    let mut random = Random::seeded([8, 9]);
    for round in 0..400 {
        let spread = random.unit() * 12.0;
        let values: Vec<f64> = (0..=(random.next_u64() % 300))
            .map(|_| match random.next_u64() % 40 {
                0 => 0.0,
                1 => -random.unit(),
                2 => f64::from(1 << (random.next_u64() % 20)),
                _ => 10f64.powf((random.unit() - 0.5) * spread),
            })
            .collect();
        let mut telemetry = telemetry(false);
        for value in &values {
            telemetry.measure(at(1.0), H, *value, &[], None);
        }
        let metrics = collect(&mut telemetry, 2.0);
        let point = &exponential(&metrics[0])[0];
        let side = |buckets: &Option<
            opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets,
        >| {
            buckets
                .as_ref()
                .map_or((0, Vec::new()), |buckets| (buckets.offset, buckets.bucket_counts.clone()))
        };
        let ours = (point.scale, point.zero_count, side(&point.positive), side(&point.negative));
        assert_eq!(ours, oracle(&values), "round {round}");
        assert_eq!((point.count, point.min), (values.len() as u64, values.iter().copied().reduce(f64::min)));
        assert_eq!(point.max, values.iter().copied().reduce(f64::max));
        let sum: f64 = values.iter().sum();
        assert!((point.sum.unwrap() - sum).abs() <= sum.abs() * 1e-12);
    }
}

/// What was recorded, added up by hand.
#[derive(Default)]
struct Sums {
    count: u64,
    sum: f64,
    last: f64,
}

#[test]
fn ten_thousand_random_batches_decode_to_what_was_recorded() {
    let mut random = Random::seeded([2, 3]);
    for _ in 0..10_000 {
        let mut telemetry = telemetry(false);
        let mut expected: BTreeMap<(u32, i64), Sums> = BTreeMap::new();
        for _ in 0..=(random.next_u64() % 12) {
            let (instrument, label) = ((random.next_u64() % 4) as u32, (random.next_u64() % 3).cast_signed());
            // Halves add up exactly.
            let value = (random.next_u64() % 1000) as f64 / 2.0;
            telemetry.measure(at(1.0), instrument, value, &[Value::Text(""), Value::Int(label)], None);
            let sums = expected.entry((instrument, label)).or_default();
            (sums.count, sums.sum, sums.last) = (sums.count + 1, sums.sum + value, value);
        }
        let mut found = 0;
        for metric in collect(&mut telemetry, 2.0) {
            let instrument =
                ["h", "c", "u", "g"].iter().position(|name| *name == metric.name).unwrap() as u32;
            if instrument == H {
                for point in exponential(&metric) {
                    let sums = &expected[&(H, label_of(&point.attributes))];
                    assert_eq!((point.count, point.sum), (sums.count, Some(sums.sum)));
                    let buckets =
                        point.positive.as_ref().map_or(0, |buckets| buckets.bucket_counts.iter().sum());
                    assert_eq!(point.zero_count + buckets, sums.count);
                    found += 1;
                }
                continue;
            }
            let points = match metric.data.as_ref().unwrap() {
                Data::Sum(sum) => &sum.data_points,
                Data::Gauge(gauge) => &gauge.data_points,
                other => panic!("{other:?}"),
            };
            for point in points {
                let sums = &expected[&(instrument, label_of(&point.attributes))];
                let value = if instrument == G { sums.last } else { sums.sum };
                assert_eq!(point.value, Some(number_data_point::Value::AsDouble(value)));
                assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (unix(0), unix(2)));
                found += 1;
            }
        }
        assert_eq!(found, expected.len());
    }
}

fn label_of(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> i64 {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    assert_eq!((attributes.len(), attributes[0].key.as_str()), (1, "b"));
    match attributes[0].value.as_ref().unwrap().value {
        Some(Value::IntValue(label)) => label,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn explicit_buckets_hold_their_upper_bounds() {
    let instrument = Instrument { bounds: &[1.0, 2.0], ..HISTOGRAM };
    let mut telemetry = telemetry(false);
    let explicit = telemetry.instrument(at(0.0), &instrument);
    for value in [0.5, 1.0, 1.5, 2.0, 3.0] {
        telemetry.measure(at(1.0), explicit, value, &[Value::Int(7)], None);
    }
    let metrics = collect(&mut telemetry, 2.0);
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!() };
    let point = &histogram.data_points[0];
    assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[2, 2, 1][..], &[1.0, 2.0][..]));
    assert_eq!((point.count, point.sum, point.min, point.max), (5, Some(8.0), Some(0.5), Some(3.0)));
    assert_eq!((point.attributes[0].key.as_str(), histogram.aggregation_temporality), ("a", 1));
}

fn numbers(metric: &Metric) -> BTreeMap<Vec<String>, (f64, u64, u64)> {
    let points = match metric.data.as_ref().unwrap() {
        Data::Sum(sum) => &sum.data_points,
        Data::Gauge(gauge) => &gauge.data_points,
        other => panic!("{other:?}"),
    };
    points
        .iter()
        .map(|point| {
            let Some(number_data_point::Value::AsDouble(value)) = point.value else { panic!("{point:?}") };
            let keys = point.attributes.iter().map(|attribute| format!("{attribute:?}")).collect();
            (keys, (value, point.start_time_unix_nano, point.time_unix_nano))
        })
        .collect()
}

#[test]
fn delta_sums_begin_where_the_last_ended_and_cumulative_ones_go_on() {
    for (cumulative, temporality, second, start) in [(false, 1, 2.0, unix(10)), (true, 2, 5.0, unix(0))] {
        let mut telemetry = telemetry(cumulative);
        let series = [Value::Text("x")];
        telemetry.measure(at(1.0), C, 3.0, &series, None);
        let first = collect(&mut telemetry, 10.0);
        assert_eq!(numbers(&first[0]).values().next(), Some(&(3.0, unix(0), unix(10))));
        telemetry.measure(at(11.0), C, 2.0, &series, None);
        // A sum that only grows does not shrink, and nothing that is no number counts.
        telemetry.measure(at(11.0), C, -1.0, &series, None);
        telemetry.measure(at(11.0), C, f64::NAN, &series, None);
        let metrics = collect(&mut telemetry, 20.0);
        assert_eq!(numbers(&metrics[0]).values().next(), Some(&(second, start, unix(20))));
        let Some(Data::Sum(sum)) = &metrics[0].data else { panic!() };
        assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (temporality, true));
        assert_eq!(collect(&mut telemetry, 30.0).is_empty(), !cumulative);
    }
}

#[test]
fn balances_and_gauges() {
    let mut telemetry = telemetry(false);
    for value in [5.0, -7.0] {
        telemetry.measure(at(1.0), U, value, &[], None);
        telemetry.measure(at(1.0), G, value, &[], None);
    }
    let metrics = collect(&mut telemetry, 2.0);
    assert_eq!(numbers(&metrics[0]).values().next().unwrap().0, -2.0);
    assert_eq!(numbers(&metrics[1]).values().next().unwrap().0, -7.0);
    assert!(matches!(&metrics[0].data, Some(Data::Sum(sum)) if !sum.is_monotonic));
}

#[test]
fn attributes_are_declared_and_series_have_a_limit() {
    let mut telemetry = telemetry(false);
    for n in 0..5000 {
        let attributes = [("b", Value::Int(n)), ("unknown", Value::Flag(true)), ("a", Value::Text("x"))];
        let series = telemetry.series_of(C, &attributes);
        telemetry.record(at(1.0), series, 1.0, None);
    }
    assert_eq!(telemetry.undeclared_attributes(), 5000);
    // The order in which the app names attributes makes no series of its own.
    telemetry.measure(at(1.0), C, 1.0, &[Value::Text("x"), Value::Int(0)], None);
    let metrics = collect(&mut telemetry, 2.0);
    let numbers = numbers(&metrics[0]);
    assert_eq!(numbers.len(), 2000);
    assert_eq!(numbers.values().map(|(value, ..)| value).sum::<f64>(), 5001.0);
    let overflow: Vec<_> =
        numbers.iter().filter(|(keys, _)| keys[0].contains("otel.metric.overflow")).collect();
    assert_eq!(overflow[0].1.0, 3001.0);
    assert_eq!(telemetry.account(Signal::Metrics).exported, 2000);
}

#[test]
fn the_exemplar_is_the_slowest_of_those_that_are_exported() {
    let mut telemetry = telemetry(false);
    let context =
        |id: u8, flags| SpanContext { trace_id: [id; 16], span_id: [id; 8], flags, is_remote: false };
    telemetry.measure(at(1.0), H, 1.0, &[], Some(context(1, SAMPLED)));
    telemetry.measure(at(2.0), H, 3.0, &[], Some(context(2, SAMPLED)));
    telemetry.measure(at(3.0), H, 9.0, &[], Some(context(3, 0)));
    telemetry.measure(at(4.0), H, 2.0, &[], Some(context(4, SAMPLED)));
    let metrics = collect(&mut telemetry, 5.0);
    let exemplars = &exponential(&metrics[0])[0].exemplars;
    assert_eq!(exemplars.len(), 1);
    assert_eq!((exemplars[0].trace_id.as_slice(), exemplars[0].time_unix_nano), (&[2; 16][..], unix(2)));
    telemetry.measure(at(6.0), H, 1.0, &[], None);
    let metrics = collect(&mut telemetry, 7.0);
    assert!(exponential(&metrics[0])[0].exemplars.is_empty(), "an exemplar is of its own interval");
}

#[test]
fn a_collection_comes_each_minute_while_there_is_something() {
    let mut telemetry = telemetry(false);
    assert_eq!(telemetry.poll_timeout(), None);
    telemetry.measure(at(500.0), C, 1.0, &[], None);
    assert_eq!(telemetry.poll_timeout(), Some(at(60_500.0)));
    assert!(!telemetry.take_collection(at(60_499.0)));
    assert!(telemetry.take_collection(at(60_500.0)));
    telemetry.collect(at(60_500.0));
    assert!(telemetry.poll_export(at(60_500.0)).is_some());
    assert!(!telemetry.take_collection(at(60_501.0)));
}

fn sums(metrics: &[Metric], name: &str) -> Vec<f64> {
    let metric = metrics.iter().find(|metric| metric.name == name);
    metric.map(numbers).unwrap_or_default().into_values().map(|(value, ..)| value).collect()
}

#[test]
fn bounds_are_sorted_and_finite() {
    let bounds = [100.0, 10.0, 50.0, 10.0, f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
    let mut telemetry = telemetry(false);
    let explicit = telemetry.instrument(at(0.0), &Instrument { bounds: &bounds, ..HISTOGRAM });
    for value in [5.0, 10.0, 60.0, 1000.0] {
        telemetry.measure(at(1.0), explicit, value, &[], None);
    }
    let metrics = collect(&mut telemetry, 2.0);
    let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!("{metrics:?}") };
    assert_eq!(histogram.data_points[0].explicit_bounds, [10.0, 50.0, 100.0]);
    assert_eq!(histogram.data_points[0].bucket_counts, [2, 0, 1, 1]);
}

#[test]
fn what_is_observed_is_collected_at_each_interval_whatever_else_is_recorded() {
    for cumulative in [false, true] {
        let mut telemetry = telemetry(cumulative);
        let observed = |name, kind| Instrument { observed: true, ..Instrument::new(name, "1", kind, &[]) };
        let [sum, balance, gauge] = [
            observed("sum", Kind::Counter),
            observed("balance", Kind::UpDownCounter),
            observed("gauge", Kind::Gauge),
        ]
        .map(|instrument| telemetry.instrument(at(0.0), &instrument));
        let mut seen: Vec<[Vec<f64>; 3]> = Vec::new();
        // A sum that falls began anew; the last observation of an interval counts.
        for (minute, value) in [(1, 10.0), (2, 25.0), (3, 5.0)] {
            let now = f64::from(minute) * 60_000.0;
            assert_eq!(telemetry.poll_timeout(), Some(at(now)), "{cumulative}");
            assert!(telemetry.take_collection(at(now)));
            for instrument in [sum, balance, gauge] {
                telemetry.measure(at(now), instrument, 1.0, &[], None);
                telemetry.measure(at(now), instrument, value, &[], None);
            }
            // A look takes nothing along.
            telemetry.snapshot(at(now), Signal::Metrics, |_, _, _, _| ());
            let metrics = collect(&mut telemetry, now);
            seen.push(["sum", "balance", "gauge"].map(|name| sums(&metrics, name)));
        }
        let all = |name: usize| seen.iter().flat_map(|metrics| metrics[name].clone()).collect::<Vec<_>>();
        let sums = if cumulative { [[10.0, 25.0, 5.0]; 2] } else { [[10.0, 15.0, 5.0], [10.0, 15.0, -20.0]] };
        assert_eq!((all(0), all(1), all(2)), (sums[0].into(), sums[1].into(), vec![10.0, 25.0, 5.0]));
        // What nobody observes any more is not exported any more.
        assert!(collect(&mut telemetry, 240_000.0).is_empty());
    }
}

#[test]
fn an_idle_cumulative_sum_is_exported_at_each_interval_and_an_idle_delta_none() {
    for (cumulative, expected) in [(true, vec![3.0; 3]), (false, vec![3.0])] {
        let mut telemetry = telemetry(cumulative);
        telemetry.measure(at(0.0), C, 3.0, &[], None);
        let mut seen = Vec::new();
        for minute in 1..=3 {
            let now = f64::from(minute) * 60_000.0;
            if telemetry.take_collection(at(now)) {
                seen.extend(sums(&collect(&mut telemetry, now), "c"));
            }
        }
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_wall_clock_that_is_set_back_leaves_no_point_that_begins_after_it_ends() {
    for cumulative in [false, true] {
        let mut telemetry = telemetry(cumulative);
        let sampled = SpanContext { flags: SAMPLED, ..SpanContext::default() };
        telemetry.begin(at(0.0));
        telemetry.measure(at(1000.0), H, 1.0, &[], Some(sampled));
        telemetry.measure(at(1000.0), C, 1.0, &[], Some(sampled));
        telemetry.observe_clock(at(2000.0), 1e12 - 3_600_000.0);
        for metric in collect(&mut telemetry, 3000.0) {
            let (start, time, exemplar) = match metric.data {
                Some(Data::Sum(sum)) => {
                    let point = &sum.data_points[0];
                    (point.start_time_unix_nano, point.time_unix_nano, point.exemplars[0].time_unix_nano)
                }
                Some(Data::ExponentialHistogram(histogram)) => {
                    let point = &histogram.data_points[0];
                    (point.start_time_unix_nano, point.time_unix_nano, point.exemplars[0].time_unix_nano)
                }
                other => panic!("{other:?}"),
            };
            assert!(start <= time && exemplar <= time, "{start} {exemplar} {time}");
            assert_eq!(time, unix(1000) - 3_600_000_000_000);
        }
    }
}

#[test]
fn an_attribute_of_an_instrument_takes_precedence_over_a_common_one() {
    let mut telemetry = telemetry(false);
    let common = Attributes::default().with("a", "common").with("region", "eu").finish();
    telemetry.set_context(&common, common.len());
    telemetry.measure(at(0.0), C, 1.0, &[Value::Text("own")], None);
    let metrics = collect(&mut telemetry, 1.0);
    let Some(Data::Sum(sum)) = &metrics[0].data else { panic!("{metrics:?}") };
    let keys: Vec<_> = sum.data_points[0].attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys, ["a", "region"]);
    assert_eq!(
        sum.data_points[0].attributes[0].value.clone().and_then(|value| value.value),
        Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue("own".into()))
    );
}
