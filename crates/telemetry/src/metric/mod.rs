//! Metrics: instruments, their series, and the points that come of them at each collection.
//!
//! Field numbers are those of opentelemetry/proto/metrics/v1/metrics.proto.

mod exponential;
mod instrument;

pub use instrument::{Instrument, Kind};

use super::context::{SAMPLED, SpanContext};
use exponential::Exponential;
use tonearm_otlp::{Value, Writer};

/// Series of one instrument (OpenTelemetry's default); what comes beyond them is added up in one that says
/// so.
const MAX_SERIES: usize = 2000;
/// The attribute of that one.
const OVERFLOW: &str = "otel.metric.overflow";

/// Names a series: an instrument, and in the lower bits a place among its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesKey(u32);

/// Bits of that place; [`MAX_SERIES`] fits.
const PLACE_BITS: u32 = 11;

impl From<u32> for SeriesKey {
    fn from(key: u32) -> Self {
        Self(key)
    }
}

impl From<SeriesKey> for u32 {
    fn from(key: SeriesKey) -> Self {
        key.0
    }
}

#[derive(Debug, Clone)]
enum Points {
    Number(f64),
    Exponential(Box<Exponential>),
    Explicit(Vec<u64>),
}

/// A measurement that stands for its point, and the span it was made in.
#[derive(Debug, Clone, Copy)]
struct Exemplar {
    value: f64,
    time: u64,
    context: SpanContext,
}

#[derive(Debug)]
struct Series {
    /// Encoded attributes: they tell series apart.
    attributes: Vec<u8>,
    points: Points,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    exemplar: Option<Exemplar>,
    /// Of an observed sum, as it was at the last collection.
    last: f64,
}

/// An instrument and its series.
#[derive(Debug)]
pub(super) struct Table {
    /// Name and unit, encoded.
    head: Writer,
    description: Vec<u8>,
    kind: Kind,
    observed: bool,
    attributes: Vec<&'static str>,
    bounds: Vec<f64>,
    series: Vec<Series>,
    /// Since when values are added up: the last collection, or for cumulative ones the first value.
    start: u64,
}

impl Table {
    /// The field of a point's attributes: that of `NumberDataPoint`, `HistogramDataPoint` or
    /// `ExponentialHistogramDataPoint`.
    fn attributes_field(&self) -> u32 {
        match self.kind {
            Kind::Histogram if self.bounds.is_empty() => 1,
            Kind::Histogram => 9,
            _ => 7,
        }
    }

    fn empty(&self) -> Points {
        match self.kind {
            Kind::Histogram if self.bounds.is_empty() => Points::Exponential(Box::default()),
            Kind::Histogram => Points::Explicit(vec![0; self.bounds.len() + 1]),
            _ => Points::Number(0.0),
        }
    }

    fn series(&mut self, attributes: Vec<u8>) -> usize {
        if let Some(at) = self.series.iter().position(|series| series.attributes == attributes) {
            return at;
        }
        if self.series.len() == MAX_SERIES - 1 {
            let mut overflow = Writer::default();
            overflow.attribute(self.attributes_field(), OVERFLOW, Value::Flag(true));
            return self.push(overflow.finish());
        }
        if self.series.len() >= MAX_SERIES {
            return MAX_SERIES - 1;
        }
        self.push(attributes)
    }

    fn push(&mut self, attributes: Vec<u8>) -> usize {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        self.series.push(Series {
            attributes,
            points: self.empty(),
            count: 0,
            sum: 0.0,
            min,
            max,
            exemplar: None,
            last: 0.0,
        });
        self.series.len() - 1
    }

    fn record(&mut self, at: usize, value: f64, time: u64, context: Option<SpanContext>) {
        let Some(series) = self.series.get_mut(at) else { return };
        match &mut series.points {
            Points::Number(number) if self.kind == Kind::Gauge || self.observed => *number = value,
            Points::Number(number) => *number += value,
            Points::Exponential(histogram) => histogram.record(value),
            Points::Explicit(counts) => counts[self.bounds.partition_point(|bound| *bound < value)] += 1,
        }
        series.count += 1;
        series.sum += value;
        // The slowest of a distribution is the one to look at.
        if let Some(context) = context.filter(|context| context.flags & SAMPLED != 0)
            && (value >= series.max || series.exemplar.is_none() || self.kind != Kind::Histogram)
        {
            series.exemplar = Some(Exemplar { value, time, context });
        }
        series.min = series.min.min(value);
        series.max = series.max.max(value);
    }

    /// The instrument's `Metric`, and how many points it has; a look at it changes nothing.
    pub(super) fn collect(&mut self, time: u64, cumulative: bool, look: bool) -> (Writer, u64) {
        let field = match self.kind {
            Kind::Gauge => 5,
            Kind::Counter | Kind::UpDownCounter => 7,
            Kind::Histogram if self.bounds.is_empty() => 10,
            Kind::Histogram => 9,
        };
        let (mut out, mut points) = (self.head.clone(), 0);
        if !self.description.is_empty() {
            out.bytes(2, &self.description);
        }
        // The wall clock may have been set back since.
        let start = self.start.min(time);
        let (empty, observed, kind) = (self.empty(), self.observed, self.kind);
        // What is not observed any more is not exported any more.
        let clears = !look && (observed || !cumulative);
        out.message(field, |out| {
            for series in &mut self.series {
                if series.count > 0 {
                    points += 1;
                    let base = if observed && field == 7 && !cumulative { series.base(kind) } else { 0.0 };
                    out.message(1, |out| series.encode(out, field, (start, time), &self.bounds, base));
                    if !look {
                        series.exemplar = None;
                        series.last = series.number();
                    }
                    if clears {
                        series.clear(empty.clone());
                    }
                }
            }
            if field != 5 {
                out.varint(2, if cumulative { 2 } else { 1 });
            }
            if self.kind == Kind::Counter {
                out.varint(3, 1);
            }
        });
        if !look {
            self.start = if cumulative { start } else { time };
        }
        (out, points)
    }
}

impl Series {
    fn number(&self) -> f64 {
        if let Points::Number(number) = self.points { number } else { 0.0 }
    }

    /// What an observed sum had counted by the last collection: of a monotonic one that fell nothing, since
    /// it began anew.
    fn base(&self, kind: Kind) -> f64 {
        if kind == Kind::Counter && self.number() < self.last { 0.0 } else { self.last }
    }

    fn clear(&mut self, empty: Points) {
        (self.points, self.count, self.sum, self.exemplar) = (empty, 0, 0.0, None);
        (self.min, self.max) = (f64::INFINITY, f64::NEG_INFINITY);
    }

    /// A point of any kind: start = 2, time = 3; what follows differs by the metric's field. `base` is taken
    /// off a number.
    fn encode(&self, out: &mut Writer, metric: u32, (start, time): (u64, u64), bounds: &[f64], base: f64) {
        out.raw(&self.attributes);
        out.fixed64(2, start);
        out.fixed64(3, time);
        if let Points::Number(number) = self.points {
            out.fixed64(4, (number - base).to_bits());
        } else {
            out.fixed64(4, self.count);
            out.fixed64(5, self.sum.to_bits());
        }
        let (exemplars, min) = match &self.points {
            Points::Number(_) => (5, 0),
            Points::Exponential(histogram) => {
                histogram.encode(out);
                (11, 12)
            }
            Points::Explicit(counts) => {
                out.message(6, |out| counts.iter().for_each(|count| out.raw(&count.to_le_bytes())));
                out.message(7, |out| bounds.iter().for_each(|bound| out.raw(&bound.to_le_bytes())));
                (8, 11)
            }
        };
        if metric > 7 {
            out.fixed64(min, self.min.to_bits());
            out.fixed64(min + 1, self.max.to_bits());
        }
        if let Some(exemplar) = &self.exemplar {
            // Exemplar { time = 2, as_double = 3, span_id = 4, trace_id = 5 }
            out.message(exemplars, |out| {
                out.fixed64(2, exemplar.time.min(time));
                out.fixed64(3, exemplar.value.to_bits());
                out.bytes(4, &exemplar.context.span_id);
                out.bytes(5, &exemplar.context.trace_id);
            });
        }
    }
}

/// Sorts a few finite numbers: the standard library's sort is two kilobytes.
fn sort(numbers: &mut [f64]) {
    for end in 1..numbers.len() {
        let mut at = end;
        while at > 0 && numbers[at] < numbers[at - 1] {
            numbers.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// All instruments of a pipeline.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) tables: Vec<Table>,
    /// Attributes that no instrument had declared.
    pub(super) undeclared: u64,
}

impl Meter {
    /// Makes an instrument; its number.
    pub(super) fn instrument(&mut self, instrument: &Instrument<'_>, start: u64) -> u32 {
        let Instrument { kind, attributes, observed, description, .. } = *instrument;
        let mut bounds = instrument.bounds.to_vec();
        // OTLP wants them strictly increasing; the last bucket has none.
        bounds.retain(|bound| bound.is_finite());
        sort(&mut bounds);
        bounds.dedup();
        let mut head = Writer::default();
        head.bytes(1, instrument.name);
        head.bytes(3, instrument.unit);
        // One that is made again is the same: name, unit, kind and bounds are its identity.
        let same = |table: &Table| {
            table.head.as_slice() == head.as_slice()
                && (table.kind, table.observed) == (kind, observed)
                && table.bounds == bounds
        };
        if let Some(at) = self.tables.iter().position(same) {
            return at as u32;
        }
        let (attributes, description) = (attributes.to_vec(), description.to_vec());
        self.tables.push(Table {
            head,
            description,
            kind,
            observed,
            attributes,
            bounds,
            series: Vec::new(),
            start,
        });
        self.tables.len() as u32 - 1
    }

    /// The number of the field that attributes of an instrument's points are.
    pub(super) fn attributes_field(&self, instrument: u32) -> u32 {
        self.tables.get(instrument as usize).map_or(1, Table::attributes_field)
    }

    /// The series of attributes in the order in which the instrument declares them; an empty text is none.
    pub(super) fn series_in_order(&mut self, instrument: u32, attributes: &[Value<'_>]) -> SeriesKey {
        self.series_in_order_with(instrument, attributes, &[])
    }

    /// The same with further ones, encoded as fields 1.
    pub(super) fn series_in_order_with(
        &mut self,
        instrument: u32,
        attributes: &[Value<'_>],
        more: &[u8],
    ) -> SeriesKey {
        let mut encoded = Writer::default();
        if let Some(table) = self.tables.get(instrument as usize) {
            for (key, value) in table.attributes.iter().zip(attributes) {
                if *value != Value::Text("") {
                    encoded.attribute(table.attributes_field(), key, *value);
                }
            }
        }
        self.series_with(instrument, encoded.finish(), more)
    }

    /// What is added up counts from now.
    pub(super) fn begin(&mut self, now: u64) {
        self.tables.iter_mut().for_each(|table| table.start = now);
    }

    /// Lets go of what was recorded. Series stay: their keys are held elsewhere.
    pub(super) fn reset(&mut self, now: u64) {
        self.begin(now);
        for table in &mut self.tables {
            let empty = table.empty();
            table.series.iter_mut().for_each(|series| series.clear(empty.clone()));
        }
    }

    /// The series of these attributes; what the instrument has not declared is counted.
    pub(super) fn series_of(&mut self, instrument: u32, attributes: &[(&str, Value<'_>)]) -> SeriesKey {
        let declared =
            self.tables.get(instrument as usize).map(|table| table.attributes.clone()).unwrap_or_default();
        let given = |key: &str| attributes.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let values: Vec<_> = declared.iter().map(|key| given(key).unwrap_or(Value::Text(""))).collect();
        let known = declared.iter().filter(|key| given(key).is_some()).count();
        self.undeclared += (attributes.len() - known) as u64;
        self.series_in_order(instrument, &values)
    }

    /// The series of attributes that are encoded already, and of further ones as fields 1.
    pub(super) fn series_with(&mut self, instrument: u32, attributes: Vec<u8>, more: &[u8]) -> SeriesKey {
        let Some(table) = self.tables.get_mut(instrument as usize) else { return SeriesKey(u32::MAX) };
        let mut out = Writer::from(attributes);
        out.add_attributes(0, table.attributes_field(), more);
        let attributes = out.finish();
        SeriesKey(instrument << PLACE_BITS | table.series(attributes) as u32)
    }

    /// Takes a value; what is no finite number, or less than zero where a sum only grows, is none.
    pub(super) fn record(&mut self, key: SeriesKey, value: f64, time: u64, context: Option<SpanContext>) {
        if let Some(table) = self.tables.get_mut((key.0 >> PLACE_BITS) as usize)
            && value.is_finite()
            && (value >= 0.0 || table.kind != Kind::Counter)
        {
            table.record((key.0 & ((1 << PLACE_BITS) - 1)) as usize, value, time, context);
        }
    }
}
