//! `opentelemetry::metrics`: instruments whose series are the core's.

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
use tonearm_telemetry::{Instrument, Kind};

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
}

impl Series {
    fn record(&self, value: f64, attributes: &[KeyValue]) {
        let attributes = value::encode(attributes, self.field);
        let context = Context::map_current(|context| context_of(context.span().span_context()));
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
    fn make(&self, instrument: &Instrument<'_>) -> Series {
        let made = self.0.record(|telemetry, now| {
            let number = telemetry.instrument(now, instrument);
            (number, telemetry.points_field(number))
        });
        let (instrument, field) = made.unwrap_or((u32::MAX, 1));
        Series { handle: self.0, instrument, field }
    }

    fn sync<T>(&self, builder: &InstrumentBuilder<'_, T>, kind: Kind) -> Arc<Series> {
        let description = builder.description.as_deref().unwrap_or_default().as_bytes();
        let unit = builder.unit.as_deref().unwrap_or_default();
        Arc::new(self.make(&Instrument { description, ..Instrument::new(&builder.name, unit, kind, &[]) }))
    }

    fn histogram<T>(&self, builder: &HistogramBuilder<'_, T>) -> Arc<Series> {
        let description = builder.description.as_deref().unwrap_or_default().as_bytes();
        let unit = builder.unit.as_deref().unwrap_or_default();
        let bounds = builder.boundaries.as_deref().unwrap_or_default();
        let instrument = Instrument::new(&builder.name, unit, Kind::Histogram, &[]);
        Arc::new(self.make(&Instrument { bounds, description, ..instrument }))
    }

    fn observe<I, M: 'static>(&self, builder: AsyncInstrumentBuilder<'_, I, M>, kind: Kind)
    where
        Series: AsyncInstrument<M>,
    {
        let description = builder.description.as_deref().unwrap_or_default().as_bytes();
        let unit = builder.unit.as_deref().unwrap_or_default();
        let instrument = Instrument::new(&builder.name, unit, kind, &[]);
        let series = self.make(&Instrument { description, observed: true, ..instrument });
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
