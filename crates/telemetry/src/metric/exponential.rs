//! The base-2 exponential histogram (OpenTelemetry metrics data model, "ExponentialHistogram"): buckets whose
//! bounds grow by 2^(2^-scale), as fine as 160 of them can cover the values. Equal to `opentelemetry_sdk`'s,
//! bucket for bucket.

#![allow(clippy::cast_possible_wrap, reason = "there are 160 buckets at most")]

use std::f64::consts::LOG2_E;

use tonearm_otlp::Writer;

/// Buckets of each sign (the specification's default).
const MAX_SIZE: i64 = 160;
/// The finest scale (the specification's default), with which every histogram begins.
const MAX_SCALE: i32 = 20;

/// Buckets of one sign, from `start` on.
#[derive(Debug, Clone, Default)]
struct Buckets {
    start: i32,
    counts: Vec<u64>,
}

impl Buckets {
    /// How many times the buckets must be merged in pairs before `index` fits among them.
    fn excess(&self, index: i32) -> i32 {
        if self.counts.is_empty() {
            return 0;
        }
        let end = self.start + self.counts.len() as i32 - 1;
        let (mut low, mut high) = (self.start.min(index), end.max(index));
        let mut merges = 0;
        while i64::from(high) - i64::from(low) >= MAX_SIZE {
            (low, high) = (low >> 1, high >> 1);
            merges += 1;
        }
        merges
    }

    fn merge(&mut self, times: i32) {
        let start = self.start >> times;
        let mut merged: Vec<u64> = Vec::new();
        for (at, count) in self.counts.iter().enumerate() {
            let at = (((self.start + at as i32) >> times) - start) as usize;
            merged.resize(merged.len().max(at + 1), 0);
            merged[at] += count;
        }
        (self.start, self.counts) = (start, merged);
    }

    fn add(&mut self, index: i32) {
        if self.counts.is_empty() {
            self.start = index;
        }
        while index < self.start {
            self.counts.insert(0, 0);
            self.start -= 1;
        }
        let at = (index - self.start) as usize;
        self.counts.resize(self.counts.len().max(at + 1), 0);
        self.counts[at] += 1;
    }

    /// `Buckets`: offset = 1 (zigzag), `bucket_counts` = 2 (packed).
    fn encode(&self, out: &mut Writer, field: u32) {
        if self.counts.is_empty() {
            return;
        }
        out.message(field, |out| {
            out.zigzag(1, self.start);
            out.message(2, |out| self.counts.iter().for_each(|count| out.raw_varint(*count)));
        });
    }
}

/// One histogram.
#[derive(Debug, Clone)]
pub(super) struct Exponential {
    scale: i32,
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { scale: MAX_SCALE, zeros: 0, positive: Buckets::default(), negative: Buckets::default() }
    }
}

/// A number as a fraction from 0.5 up to 1 and a power of two.
fn split(value: f64) -> (f64, i32) {
    // A subnormal number has no exponent of its own: it is lifted by 2^64 first.
    let (bits, lift) = if value < f64::MIN_POSITIVE {
        ((value * 18_446_744_073_709_551_616.0).to_bits(), 64)
    } else {
        (value.to_bits(), 0)
    };
    let exponent = (bits >> 52 & 0x7ff) as i32 - 0x3fe - lift;
    (f64::from_bits(bits & !(0x7ff << 52) | 0x3fe << 52), exponent)
}

/// The bucket of a positive number; its upper bound belongs to it.
fn index(value: f64, scale: i32) -> i32 {
    let (fraction, exponent) = split(value);
    if scale <= 0 {
        let whole_power = i32::from(fraction.to_bits() == 0.5f64.to_bits());
        return (exponent - 1 - whole_power) >> -scale;
    }
    let factor = LOG2_E * f64::from(1 << scale);
    (exponent << scale) + (fraction.ln() * factor) as i32 - 1
}

impl Exponential {
    /// Takes a finite number.
    pub(super) fn record(&mut self, value: f64) {
        let size = value.abs();
        if size == 0.0 {
            self.zeros += 1;
            return;
        }
        let negative = value < 0.0;
        let buckets = if negative { &self.negative } else { &self.positive };
        let merges = buckets.excess(index(size, self.scale));
        if merges > 0 {
            self.scale -= merges;
            self.positive.merge(merges);
            self.negative.merge(merges);
        }
        let index = index(size, self.scale);
        (if negative { &mut self.negative } else { &mut self.positive }).add(index);
    }

    /// The fields of an `ExponentialHistogramDataPoint` that are its own: scale = 6, `zero_count` = 7,
    /// positive = 8, negative = 9.
    pub(super) fn encode(&self, out: &mut Writer) {
        out.zigzag(6, self.scale);
        if self.zeros > 0 {
            out.fixed64(7, self.zeros);
        }
        self.positive.encode(out, 8);
        self.negative.encode(out, 9);
    }
}
