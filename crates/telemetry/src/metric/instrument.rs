//! Instruments: what an app or the player counts and measures, and how it is added up.

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

/// An instrument as it is declared. Its texts are UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Instrument<'a> {
    /// Its name, by OpenTelemetry's rules.
    pub name: &'a [u8],
    /// Its unit, in UCUM.
    pub unit: &'a [u8],
    /// How its values are added up.
    pub kind: Kind,
    /// The keys that distinguish its series; others are dropped and counted. None where the host
    /// encodes them.
    pub attributes: &'a [&'static str],
    /// The upper bounds of a histogram's buckets, which are sorted; none for the exponential one.
    pub bounds: &'a [f64],
    /// What it measures, for people.
    pub description: &'a [u8],
    /// Whether it is asynchronous: its values are observed at each collection, and those of a sum are the
    /// whole sum.
    pub observed: bool,
}

impl<'a> Instrument<'a> {
    /// A synchronous one without bounds and description.
    pub const fn new(name: &'a str, unit: &'a str, kind: Kind, attributes: &'a [&'static str]) -> Self {
        Self {
            name: name.as_bytes(),
            unit: unit.as_bytes(),
            kind,
            attributes,
            bounds: &[],
            description: &[],
            observed: false,
        }
    }
}
