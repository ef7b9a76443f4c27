//! The `opentelemetry` API over the same core, for Rust front-ends (Yew, Leptos, Dioxus): tracer, meter and
//! logger providers and a propagator, so that `opentelemetry::global` and `tracing` with
//! `tracing-opentelemetry` export from a browser.
//!
//! The API wants providers that threads may share, and a page has one thread: what is shared is a number, the
//! pipelines lie with their thread. Knows no browser: what a host does is [`Host`]; the browser's is in
//! `browser/otel.rs`.

mod logs;
mod metrics;
mod propagator;
mod trace;
mod value;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use logs::{Logger, LoggerProvider};
pub use metrics::MeterProvider;
pub use propagator::Propagator;
/// What the user decided.
pub use tonearm_telemetry::Consent;
/// For an app that traces its own requests: what is recorded of a URL, and where a trace header may go.
pub use tonearm_telemetry::{AllowedOrigin, HeaderPolicy, header_policy, redact};
pub use trace::{Span, Tracer, TracerProvider};
pub(crate) use value::context_of;

use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_telemetry::{
    Account, Config, EarlierSession, Export, Propagators, Reply, ResponseTimes, Signal, Telemetry,
};

/// What a pipeline needs of its surroundings.
pub trait Host {
    /// Page time.
    fn now(&self) -> Instant;
    /// The wall clock, in Unix milliseconds.
    fn wall_millis(&self) -> f64;
    /// Sends a request, and says what came of it by [`Handle::replied`].
    fn send(&self, handle: Handle, export: Export);
    /// Calls [`Handle::wake`] after so long, and at no other time; never where there is none.
    fn wake(&self, handle: Handle, after: Option<Duration>);
    /// The user's decision is another one: pipelines that the host has besides follow it.
    fn set_consent(&self, _handle: Handle, _consent: Consent) {}
    /// Pipelines that the host has besides send what they have recorded.
    fn flush(&self, _handle: Handle) {}
}

/// Observes when metrics are collected.
type Observer = Box<dyn Fn()>;

struct Pipeline {
    telemetry: RefCell<Telemetry>,
    host: Box<dyn Host>,
    observers: RefCell<Vec<Observer>>,
    /// When it is woken.
    due: Cell<Option<Instant>>,
}

thread_local! {
    static PIPELINES: RefCell<Vec<Rc<Pipeline>>> = const { RefCell::new(Vec::new()) };
}

/// Names a pipeline of this thread; on another one it is a pipeline that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(usize);

/// Makes a pipeline, whose ids grow from two random numbers; `origin` is the time origin in Unix
/// milliseconds.
pub fn pipeline(config: Config, origin: f64, seed: [u64; 2], host: impl Host + 'static) -> Handle {
    let now = host.now();
    let mut telemetry = Telemetry::new(config, ClockAnchor::at_origin(origin), Random::seeded(seed), &[]);
    telemetry.begin(now);
    telemetry.begin_session(now, None);
    let pipeline = Pipeline {
        telemetry: RefCell::new(telemetry),
        host: Box::new(host),
        observers: RefCell::default(),
        due: Cell::default(),
    };
    PIPELINES.with_borrow_mut(|pipelines| {
        pipelines.push(Rc::new(pipeline));
        Handle(pipelines.len() - 1)
    })
}

impl Handle {
    fn pipeline(self) -> Option<Rc<Pipeline>> {
        PIPELINES.with_borrow(|pipelines| pipelines.get(self.0).cloned())
    }

    /// Takes what a response says of time, and returns the wait that it asks for.
    pub fn observe_response(self, times: ResponseTimes) -> Option<Duration> {
        self.record(|telemetry, now| telemetry.observe_response(now, times)).flatten()
    }

    /// Records; what follows from it is done.
    fn record<T>(self, record: impl FnOnce(&mut Telemetry, Instant) -> T) -> Option<T> {
        let pipeline = self.pipeline()?;
        let now = pipeline.host.now();
        // Recorded within a callback of the pipeline's own it would find itself borrowed: then it is not
        // recorded.
        let result = record(&mut *pipeline.telemetry.try_borrow_mut().ok()?, now);
        self.arm(&pipeline);
        Some(result)
    }

    fn read<T>(self, read: impl FnOnce(&Telemetry) -> T) -> Option<T> {
        Some(read(&*self.pipeline()?.telemetry.try_borrow().ok()?))
    }

    fn arm(self, pipeline: &Pipeline) {
        let due = pipeline.telemetry.borrow().poll_timeout();
        if pipeline.due.replace(due) != due {
            pipeline.host.wake(self, due.map(|due| due.since(pipeline.host.now())));
        }
    }

    fn observe(self, when: Observer) {
        if let Some(pipeline) = self.pipeline() {
            pipeline.observers.borrow_mut().push(when);
        }
    }

    /// Does what is due by now.
    pub fn wake(self) {
        let Some(pipeline) = self.pipeline() else { return };
        let now = pipeline.host.now();
        pipeline.telemetry.borrow_mut().observe_clock(now, pipeline.host.wall_millis());
        if pipeline.telemetry.borrow_mut().take_collection(now) {
            pipeline.observers.borrow().iter().for_each(|observe| observe());
            pipeline.telemetry.borrow_mut().collect(now);
        }
        pipeline.due.set(None);
        loop {
            let export = pipeline.telemetry.borrow_mut().poll_export(now);
            let Some(export) = export else { break };
            pipeline.host.send(self, export);
        }
        self.arm(&pipeline);
    }

    /// What came of a request.
    pub fn replied(self, export: u32, reply: &Reply) {
        self.record(|telemetry, now| telemetry.handle_reply(now, export, reply));
        self.wake();
    }

    /// Sends everything that is recorded, as soon as it can be.
    pub fn flush(self) {
        let Some(pipeline) = self.pipeline() else { return };
        pipeline.observers.borrow().iter().for_each(|observe| observe());
        self.record(Telemetry::flush);
        self.wake();
        pipeline.host.flush(self);
    }

    /// The page is being left: what fits goes out at once, in requests that outlive it.
    pub fn leave(self) {
        let Some(pipeline) = self.pipeline() else { return };
        pipeline.observers.borrow().iter().for_each(|observe| observe());
        for export in self.record(Telemetry::leave).unwrap_or_default() {
            pipeline.host.send(self, export);
        }
    }

    /// What the user decided; a refusal takes along what waited.
    pub fn set_consent(self, consent: Consent) {
        self.record(|telemetry, now| telemetry.set_consent(now, consent));
        self.wake();
        if let Some(pipeline) = self.pipeline() {
            pipeline.host.set_consent(self, consent);
        }
    }

    /// Goes on with the session of that id, which another pipeline of the page counts.
    pub fn continue_session(self, id: String) {
        let session = EarlierSession { id, age: Duration::ZERO, idle: Duration::ZERO, counted: true };
        self.record(|telemetry, now| telemetry.begin_session(now, Some(session)));
    }

    /// Where every record of a signal is.
    pub fn account(self, signal: Signal) -> Account {
        self.read(|telemetry| telemetry.account(signal)).unwrap_or_default()
    }

    /// A tracer provider of this pipeline.
    pub fn tracer_provider(self) -> TracerProvider {
        TracerProvider(self)
    }

    /// A meter provider of this pipeline.
    pub fn meter_provider(self) -> MeterProvider {
        MeterProvider(self)
    }

    /// A logger provider of this pipeline.
    pub fn logger_provider(self) -> LoggerProvider {
        LoggerProvider(self)
    }

    /// Makes the providers of this pipeline, and a propagator of those formats, the process's own
    /// (`opentelemetry::global`).
    pub fn set_global(self, propagators: Propagators) {
        opentelemetry::global::set_tracer_provider(self.tracer_provider());
        opentelemetry::global::set_meter_provider(self.meter_provider());
        opentelemetry::global::set_text_map_propagator(Propagator::new(propagators));
    }
}
