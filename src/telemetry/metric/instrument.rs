//! Instruments: what an app or the player counts and measures, and how it is added up.

use std::borrow::Cow;

/// How the values of an instrument are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sum that only grows.
    Counter,
    /// A sum.
    UpDownCounter,
    /// The last value.
    Gauge,
    /// A distribution: base-2 exponential, or by the bounds that are given.
    Histogram,
}

/// An instrument as it is declared.
#[derive(Debug, Clone)]
pub struct Instrument {
    /// Its name, by OpenTelemetry's rules.
    pub name: Cow<'static, str>,
    /// Its unit, in UCUM.
    pub unit: Cow<'static, str>,
    /// How its values are added up.
    pub kind: Kind,
    /// The keys that its series are told apart by; others are dropped and counted.
    pub attributes: Cow<'static, [Cow<'static, str>]>,
    /// The upper bounds of a histogram's buckets; none for the exponential one.
    pub bounds: Cow<'static, [f64]>,
}

impl Instrument {
    /// One of our own.
    pub const fn new(name: &'static str, unit: &'static str, kind: Kind, keys: &'static [Cow<'static, str>]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit: Cow::Borrowed(unit),
            kind,
            attributes: Cow::Borrowed(keys),
            bounds: Cow::Borrowed(&[]),
        }
    }
}
