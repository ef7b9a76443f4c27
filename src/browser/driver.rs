//! Drives the engine: inputs in with the clock's reading, outputs done one by one, one timer for everything.
//!
//! The engine is borrowed while it works and free while JavaScript is called: a listener that calls back into the player
//! during dispatch finds it so.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;

use super::{AudioOutput, EventListener, WorkerLink, fetch, now, page_lifecycle, wall_millis};
use crate::engine::{Engine, Input, Output, PlayerId, PlayerInput};
use crate::playback::PlayFailure;
use crate::random::Random;
use crate::small_map::SmallMap;
use crate::time::{ClockAnchor, Instant};

/// What a player's JavaScript side can be told.
pub(crate) trait Listener {
    /// Dispatch an event.
    fn emit(&self, name: &'static str);
    /// Settle a promise.
    fn settle(&self, token: u32, result: Result<(), PlayFailure>);
    /// Ask the app for the source's URL.
    fn resolve(&self, play: u32);
    /// The answer is not wanted any more.
    fn cancel_resolve(&self);
    /// Load worker and worklet again.
    fn reopen(&self);
}

/// What the browser holds for one player.
struct Seat {
    listener: Rc<dyn Listener>,
    output: Option<Rc<AudioOutput>>,
    media: Option<Rc<WorkerLink>>,
    /// Commands from before the Worker was attached.
    waiting: Vec<tonearm_messages::Command>,
}

/// The driver of one page.
pub(crate) struct Driver {
    engine: RefCell<Engine>,
    seats: RefCell<SmallMap<PlayerId, Seat>>,
    timer: RefCell<Option<(Instant, Timeout)>>,
    listeners: RefCell<Vec<EventListener>>,
}

impl Driver {
    /// A driver with an engine of its own.
    pub(crate) fn new(clock: ClockAnchor, random: Random) -> Rc<Self> {
        let driver = Rc::new(Self {
            engine: RefCell::new(Engine::new(clock, random)),
            seats: RefCell::default(),
            timer: RefCell::default(),
            listeners: RefCell::default(),
        });
        let weak = Rc::downgrade(&driver);
        *driver.listeners.borrow_mut() = page_lifecycle::on_hidden(move || {
            if let Some(driver) = weak.upgrade() {
                driver.input(Input::PageHidden);
            }
        });
        driver
    }

    /// Reads from the engine.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Engine) -> T) -> T {
        read(&self.engine.borrow())
    }

    /// Calls the engine, then does what follows.
    pub(crate) fn act<T>(self: &Rc<Self>, act: impl FnOnce(&mut Engine, Instant) -> T) -> T {
        let result = act(&mut self.engine.borrow_mut(), now());
        self.drain();
        result
    }

    /// Hands an input to the engine, then does what follows.
    pub(crate) fn input(self: &Rc<Self>, input: Input) {
        self.act(|engine, now| {
            engine.handle_input(now, Input::Clock { wall_millis: wall_millis() });
            engine.handle_input(now, input);
        });
    }

    /// The same, for one player.
    pub(crate) fn player(self: &Rc<Self>, id: PlayerId, input: PlayerInput) {
        self.input(Input::Player { id, input: Box::new(input) });
    }

    /// A way for a browser facility to hand inputs in.
    fn answerer(self: &Rc<Self>, id: PlayerId) -> impl Fn(PlayerInput) + Clone + 'static {
        let weak = Rc::downgrade(self);
        move |input| {
            if let Some(driver) = weak.upgrade() {
                driver.player(id, input);
            }
        }
    }

    /// Gives a player its JavaScript side.
    pub(crate) fn seat(&self, id: PlayerId, listener: Rc<dyn Listener>) {
        self.seats.borrow_mut().insert(id, Seat { listener, output: None, media: None, waiting: Vec::new() });
    }

    /// Takes a player's browser side away.
    pub(crate) fn unseat(&self, id: PlayerId) {
        let seat = self.seats.borrow_mut().remove(id);
        drop(seat);
    }

    /// Gives a player its output.
    pub(crate) fn attach_output(
        self: &Rc<Self>,
        id: PlayerId,
        context: web_sys::AudioContext,
        node: &web_sys::AudioWorkletNode,
    ) {
        let ready = AudioOutput::ready(&context);
        let Some(output) = AudioOutput::new(context, node, self.answerer(id)) else { return };
        if let Some(seat) = self.seats.borrow_mut().get_mut(id) {
            seat.output = Some(Rc::new(output));
        }
        self.player(id, ready);
    }

    /// Gives a player its media plane.
    pub(crate) fn attach_media(self: &Rc<Self>, id: PlayerId, worker: web_sys::Worker) {
        let link = Rc::new(WorkerLink::new(worker, self.answerer(id)));
        let waiting = match self.seats.borrow_mut().get_mut(id) {
            Some(seat) => {
                seat.media = Some(link.clone());
                std::mem::take(&mut seat.waiting)
            }
            None => return,
        };
        for command in waiting {
            link.post(&command);
        }
    }

    fn drain(self: &Rc<Self>) {
        loop {
            let output = self.engine.borrow_mut().poll_output();
            let Some(output) = output else { break };
            self.perform(output);
        }
        self.arm();
    }

    fn listener(&self, id: PlayerId) -> Option<Rc<dyn Listener>> {
        self.seats.borrow().get(id).map(|seat| seat.listener.clone())
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Media { player, command } => {
                if let Some(seat) = self.seats.borrow_mut().get_mut(player) {
                    match &seat.media {
                        Some(link) => link.post(&command),
                        None => seat.waiting.push(command),
                    }
                }
            }
            Output::Worklet { player, command } => {
                let output = self.seats.borrow().get(player).and_then(|seat| seat.output.clone());
                if let Some(output) = output {
                    output.post(command);
                }
            }
            Output::Event { player, event } => {
                if let Some(listener) = self.listener(player) {
                    listener.emit(event.0);
                }
            }
            Output::Settle { player, token, result } => {
                if let Some(listener) = self.listener(player) {
                    listener.settle(token, result);
                }
            }
            Output::Resolve { player, play } => {
                if let Some(listener) = self.listener(player) {
                    listener.resolve(play);
                }
            }
            Output::CancelResolve { player } => {
                if let Some(listener) = self.listener(player) {
                    listener.cancel_resolve();
                }
            }
            Output::Reopen { player } => {
                if let Some(seat) = self.seats.borrow_mut().get_mut(player) {
                    (seat.media, seat.output) = (None, None);
                    seat.waiting.clear();
                }
                if let Some(listener) = self.listener(player) {
                    listener.reopen();
                }
            }
            Output::Export { telemetry, export } => {
                let weak = Rc::downgrade(self);
                let id = export.id;
                fetch::send(&export, move |reply| {
                    if let Some(driver) = weak.upgrade() {
                        driver.input(Input::ExportReplied { telemetry, export: id, reply });
                    }
                });
            }
        }
    }

    /// One timer, for whatever is due next.
    fn arm(self: &Rc<Self>) {
        let due = self.engine.borrow().poll_timeout();
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        *timer = due.map(|due| {
            let millis = due.since(now()).as_secs_f64() * 1000.0;
            let weak = Rc::downgrade(self);
            let timeout = Timeout::new(millis.ceil() as u32, move || {
                if let Some(driver) = weak.upgrade() {
                    driver.timer.borrow_mut().take();
                    driver.act(Engine::handle_timeout);
                }
            });
            (due, timeout)
        });
    }
}
