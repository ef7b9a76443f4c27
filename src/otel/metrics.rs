//! `opentelemetry::metrics`: instruments whose series are the core's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry::metrics::{
    self, AsyncInstrument, AsyncInstrumentBuilder, Callback, Counter, Gauge, Histogram, HistogramBuilder,
    InstrumentBuilder, InstrumentProvider, Meter, ObservableCounter, ObservableGauge,
    ObservableUpDownCounter, SyncInstrument, UpDownCounter,
};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::Handle;
use super::value::{self, context_of};
use crate::telemetry::{Instrument, Kind};

/// Makes meters of one pipeline.
#[derive(Debug, Clone)]
pub struct MeterProvider(pub(super) Handle);

impl metrics::MeterProvider for MeterProvider {
    fn meter_with_scope(&self, _: InstrumentationScope) -> Meter {
        Meter::new(Arc::new(Instruments(self.0)))
    }
}

struct Instruments(Handle);

/// One instrument, by its number in the pipeline.
struct Series {
    handle: Handle,
    instrument: u32,
    /// The field of its points' attributes.
    field: u32,
    /// Sums of what is observed are told as what came beyond the last observation.
    observed: bool,
}

/// A pipeline, an instrument, and encoded attributes.
type Observed = (usize, u32, Vec<u8>);

thread_local! {
    /// What was observed last.
    static OBSERVED: RefCell<HashMap<Observed, f64>> = RefCell::default();
}

impl Series {
    fn record(&self, value: f64, attributes: &[KeyValue]) {
        let attributes = value::encode(attributes, self.field);
        let context = Context::map_current(|context| context_of(context.span().span_context()));
        let value = if self.observed {
            let key = (self.handle.0, self.instrument, attributes.clone());
            value - OBSERVED.with_borrow_mut(|observed| observed.insert(key, value)).unwrap_or_default()
        } else {
            value
        };
        self.handle.record(|telemetry, now| {
            let series = telemetry.series(self.instrument, attributes);
            telemetry.record(now, series, value, context)
        });
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl SyncInstrument<$number> for Series {
            fn measure(&self, measurement: $number, attributes: &[KeyValue]) {
                self.record(measurement as f64, attributes);
            }
        }

        impl AsyncInstrument<$number> for Series {
            fn observe(&self, measurement: $number, attributes: &[KeyValue]) {
                self.record(measurement as f64, attributes);
            }
        }
    )*};
}

numbers!(u64, i64, f64);

impl Instruments {
    fn make(&self, name: &str, unit: Option<&str>, kind: Kind, bounds: &[f64], observed: bool) -> Series {
        let instrument = Instrument { bounds, ..Instrument::new(name, unit.unwrap_or_default(), kind, &[]) };
        let number = self.0.record(|telemetry, now| telemetry.instrument(now, &instrument));
        let field = match kind {
            Kind::Histogram if bounds.is_empty() => 1,
            Kind::Histogram => 9,
            _ => 7,
        };
        Series {
            handle: self.0,
            instrument: number.unwrap_or(u32::MAX),
            field,
            observed: observed && kind != Kind::Gauge,
        }
    }

    fn sync<T>(&self, builder: &InstrumentBuilder<'_, T>, kind: Kind) -> Arc<Series> {
        Arc::new(self.make(&builder.name, builder.unit.as_deref(), kind, &[], false))
    }

    fn histogram<T>(&self, builder: &HistogramBuilder<'_, T>) -> Arc<Series> {
        let bounds = builder.boundaries.clone().unwrap_or_default();
        Arc::new(self.make(&builder.name, builder.unit.as_deref(), Kind::Histogram, &bounds, false))
    }

    fn observe<I, M: 'static>(&self, builder: AsyncInstrumentBuilder<'_, I, M>, kind: Kind)
    where
        Series: AsyncInstrument<M>,
    {
        let series = self.make(&builder.name, builder.unit.as_deref(), kind, &[], true);
        let callbacks: Vec<Callback<M>> = builder.callbacks;
        self.0.observe(Box::new(move || callbacks.iter().for_each(|callback| callback(&series))));
    }
}

macro_rules! instruments {
    ($($method:ident: $api:ident<$number:ty> = $kind:ident;)*) => {$(
        fn $method(&self, builder: InstrumentBuilder<'_, $api<$number>>) -> $api<$number> {
            $api::new(self.sync(&builder, Kind::$kind))
        }
    )*};
}

macro_rules! observables {
    ($($method:ident: $api:ident<$number:ty> = $kind:ident;)*) => {$(
        fn $method(&self, builder: AsyncInstrumentBuilder<'_, $api<$number>, $number>) -> $api<$number> {
            self.observe(builder, Kind::$kind);
            $api::new()
        }
    )*};
}

impl InstrumentProvider for Instruments {
    instruments! {
        u64_counter: Counter<u64> = Counter;
        f64_counter: Counter<f64> = Counter;
        i64_up_down_counter: UpDownCounter<i64> = UpDownCounter;
        f64_up_down_counter: UpDownCounter<f64> = UpDownCounter;
        u64_gauge: Gauge<u64> = Gauge;
        i64_gauge: Gauge<i64> = Gauge;
        f64_gauge: Gauge<f64> = Gauge;
    }

    observables! {
        u64_observable_counter: ObservableCounter<u64> = Counter;
        f64_observable_counter: ObservableCounter<f64> = Counter;
        i64_observable_up_down_counter: ObservableUpDownCounter<i64> = UpDownCounter;
        f64_observable_up_down_counter: ObservableUpDownCounter<f64> = UpDownCounter;
        u64_observable_gauge: ObservableGauge<u64> = Gauge;
        i64_observable_gauge: ObservableGauge<i64> = Gauge;
        f64_observable_gauge: ObservableGauge<f64> = Gauge;
    }

    fn f64_histogram(&self, builder: HistogramBuilder<'_, Histogram<f64>>) -> Histogram<f64> {
        Histogram::new(self.histogram(&builder))
    }

    fn u64_histogram(&self, builder: HistogramBuilder<'_, Histogram<u64>>) -> Histogram<u64> {
        Histogram::new(self.histogram(&builder))
    }
}
