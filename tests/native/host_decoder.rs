//! The place of what a browser's decoder puts out: with decoders that restamp, that preserve timestamps, that
//! give no output, that fail.

use std::cell::{Cell, RefCell};

use tonearm_formats::AdvanceCode;
use tonearm_media::host_decoder::{DecoderOutput, HostDecoder, HostModule, Idle};

const FRAMES: u64 = 1152;
const RATE: u32 = 44_100;

/// How a browser's decoder behaves.
#[derive(Clone, Copy)]
struct Engine {
    /// It counts the frames of its output from its first timestamp on.
    restamps: bool,
    /// Packets that it takes before the output of the first.
    ahead: usize,
}

const ENGINES: [Engine; 3] = [
    Engine { restamps: true, ahead: 0 },
    Engine { restamps: false, ahead: 1 },
    Engine { restamps: false, ahead: 0 },
];

/// A track of packets that are their own numbers, and a browser's decoder.
struct Fake<'a> {
    engine: Engine,
    packets: u64,
    silent: &'a dyn Fn(u64) -> bool,
    fails: &'a dyn Fn(u64) -> bool,
    next: Cell<Option<u64>>,
    drained: Cell<bool>,
    has_decoder: bool,
    open: Cell<bool>,
    /// Packets of the open decoder: timestamp and number.
    chunks: RefCell<Vec<(f64, u64)>>,
    begun: Cell<usize>,
    given: Cell<usize>,
    /// Timestamp that the output is counted from, and frames since.
    base: Cell<Option<(f64, u64)>>,
    flushing: Cell<bool>,
    /// Numbers of the packets that were placed.
    placed: RefCell<Vec<u64>>,
    most_pending: Cell<usize>,
}

enum Event {
    Output(DecoderOutput),
    Error,
    Flushed,
    /// A packet had no output.
    Silence,
    Nothing,
}

impl<'a> Fake<'a> {
    fn new(
        engine: Engine,
        packets: u64,
        silent: &'a dyn Fn(u64) -> bool,
        fails: &'a dyn Fn(u64) -> bool,
    ) -> Self {
        Self {
            engine,
            packets,
            silent,
            fails,
            next: Cell::new(None),
            drained: Cell::new(false),
            has_decoder: true,
            open: Cell::new(false),
            chunks: RefCell::default(),
            begun: Cell::new(0),
            given: Cell::new(0),
            base: Cell::new(None),
            flushing: Cell::new(false),
            placed: RefCell::default(),
            most_pending: Cell::new(0),
        }
    }

    fn queued(&self) -> usize {
        self.chunks.borrow().len() - self.begun.get()
    }

    /// One step of the browser's decoder.
    fn step(&self) -> Event {
        let chunks = self.chunks.borrow();
        self.most_pending.set(self.most_pending.get().max(chunks.len() - self.given.get()));
        while self.begun.get() < chunks.len() && self.begun.get() <= self.given.get() + self.engine.ahead {
            self.begun.set(self.begun.get() + 1);
        }
        if self.open.get() && self.given.get() < self.begun.get() {
            let (timestamp, number) = chunks[self.given.replace(self.given.get() + 1)];
            let (base, frames) = self.base.get().unwrap_or((timestamp, 0));
            self.base.set(Some((base, frames)));
            if (self.fails)(number) {
                return Event::Error;
            }
            if (self.silent)(number) {
                return Event::Silence;
            }
            self.base.set(Some((base, frames + FRAMES)));
            let counted = base + (frames as f64 * 1e6 / f64::from(RATE)).round();
            let timestamp = if self.engine.restamps { counted } else { timestamp };
            let queued = chunks.len() - self.begun.get();
            return Event::Output(DecoderOutput { timestamp, frames: FRAMES as usize, rate: RATE, queued });
        }
        if self.flushing.take() {
            self.base.set(None);
            return Event::Flushed;
        }
        Event::Nothing
    }

    /// Decodes all of it; how it ended.
    fn play(&self, decoder: &mut HostDecoder) -> AdvanceCode {
        let mut idle: Option<Idle> = None;
        loop {
            match decoder.advance(self, 4096) {
                AdvanceCode::Format => continue,
                AdvanceCode::Packet => {}
                code => return code,
            }
            let event = self.step();
            idle = decoder.handle_dequeue(self.queued()).or(idle);
            match event {
                Event::Output(output) => decoder.handle_output(self, output),
                Event::Error => decoder.handle_error(self, false),
                Event::Flushed => decoder.handle_flushed(self),
                Event::Silence => {}
                Event::Nothing => decoder.handle_idle(self, idle.take().expect("it waits for nothing")),
            }
        }
    }
}

impl HostModule for Fake<'_> {
    fn advance(&self, _: usize) -> AdvanceCode {
        match self.next.get() {
            None => {
                self.next.set(Some(0));
                AdvanceCode::Format
            }
            Some(next) if next < self.packets => {
                self.next.set(Some(next + 1));
                AdvanceCode::Packet
            }
            _ if self.drained.get() => AdvanceCode::End,
            _ => AdvanceCode::Drain,
        }
    }

    fn packet(&self) -> (Option<f64>, u32, Vec<u8>) {
        let number = self.next.get().unwrap() - 1;
        (Some((number * FRAMES) as f64), FRAMES as u32, number.to_le_bytes().into())
    }

    fn stream_rate(&self) -> u32 {
        RATE
    }

    fn push_output(&self, position: Option<f64>, frames: usize) {
        assert_eq!(frames as u64, FRAMES);
        self.placed.borrow_mut().push(position.unwrap() as u64 / FRAMES);
    }

    fn drained(&self) {
        self.drained.set(true);
    }

    fn open_decoder(&self) -> bool {
        self.open.set(true);
        self.chunks.borrow_mut().clear();
        self.begun.set(0);
        self.given.set(0);
        self.base.set(None);
        self.flushing.set(false);
        self.has_decoder
    }

    fn decode(&self, timestamp: f64, packet: &[u8]) {
        assert!(self.open.get(), "a packet for a decoder that is closed");
        self.chunks.borrow_mut().push((timestamp, u64::from_le_bytes(packet.try_into().unwrap())));
    }

    fn flush_decoder(&self) {
        self.flushing.set(true);
    }

    fn close_decoder(&self) {
        self.open.set(false);
    }
}

fn without(packets: u64, missing: impl Fn(u64) -> bool) -> Vec<u64> {
    (0..packets).filter(|&number| !missing(number)).collect()
}

const NONE: &dyn Fn(u64) -> bool = &|_| false;

#[test]
fn each_output_has_the_place_of_its_packet_whichever_packets_have_none() {
    for engine in ENGINES {
        for missing in [&[][..], &[0], &[1], &[5, 6, 30], &[59], &[0, 1, 2, 3, 20, 59]] {
            let is_silent = |number: u64| missing.contains(&number);
            let fake = Fake::new(engine, 60, &is_silent, NONE);
            assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::End);
            let placed = fake.placed.take();
            // A first output that is restamped has the place of the packet before it, until the decoder is
            // known.
            let unknown = if engine.restamps && missing.first() == Some(&0) { 2 } else { 0 };
            assert_eq!(placed[unknown..], without(60, is_silent)[unknown..], "{missing:?}");
        }
    }
}

#[test]
fn what_one_track_has_shown_of_the_decoder_places_the_first_output_of_the_next() {
    let fake = Fake::new(ENGINES[0], 60, NONE, NONE);
    let mut decoder = HostDecoder::default();
    fake.play(&mut decoder);
    assert_eq!(decoder.restamps(), Some(true));
    let is_silent = |number| number < 3;
    let fake = Fake::new(ENGINES[0], 60, &is_silent, NONE);
    fake.play(&mut HostDecoder::new(decoder.restamps()));
    assert_eq!(fake.placed.take(), without(60, is_silent));
}

#[test]
fn after_a_fault_another_decoder_continues_behind_the_packet() {
    for engine in ENGINES {
        let fails = |number| [0, 7, 8, 59].contains(&number);
        let fake = Fake::new(engine, 60, NONE, &fails);
        assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::End);
        assert_eq!(fake.placed.take(), without(60, fails));
    }
}

#[test]
fn faults_in_a_row_are_bounded_before_and_after_the_first_output() {
    for (first, faults) in [(0, 21), (20, 501)] {
        let fails = |number| number >= first;
        let fake = Fake::new(ENGINES[2], 10_000, NONE, &fails);
        assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::Undecodable);
        assert_eq!(fake.placed.take(), without(first, NONE));
        let read = fake.next.get().unwrap();
        assert!((first + faults..first + faults + 16).contains(&read), "{read}");
    }
}

#[test]
fn packets_without_an_output_are_borne_but_not_for_ever() {
    for engine in ENGINES {
        let some = |number| (20..60).contains(&number);
        let fake = Fake::new(engine, 100, &some, NONE);
        assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::End);
        assert_eq!(fake.placed.take(), without(100, some));
        for (first, borne) in [(0, 250), (20, 500)] {
            let all = |number| number >= first;
            let fake = Fake::new(engine, 10_000, &all, NONE);
            assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::Undecodable);
            assert_eq!(fake.placed.take(), without(first, NONE));
            let read = fake.next.get().unwrap() - first;
            assert!((borne..borne + 32).contains(&read), "{read}");
        }
    }
}

#[test]
fn the_decoder_has_sixteen_packets_at_most() {
    let fake = Fake::new(ENGINES[1], 100, NONE, NONE);
    fake.play(&mut HostDecoder::default());
    assert_eq!(fake.most_pending.get(), 16);
}

#[test]
fn a_browser_without_a_decoder_fails_the_track() {
    let fake = Fake { has_decoder: false, ..Fake::new(ENGINES[0], 60, NONE, NONE) };
    assert_eq!(fake.play(&mut HostDecoder::default()), AdvanceCode::Undecodable);
    let fake = Fake::new(ENGINES[0], 60, NONE, NONE);
    let mut decoder = HostDecoder::default();
    assert_eq!(decoder.advance(&fake, 1), AdvanceCode::Format);
    assert_eq!(decoder.advance(&fake, 1), AdvanceCode::Packet);
    decoder.handle_error(&fake, true);
    assert_eq!(decoder.advance(&fake, 1), AdvanceCode::Undecodable);
}

#[test]
fn an_output_has_no_more_frames_than_its_packet_stands_for_at_either_rate() {
    let fake = Fake::new(ENGINES[2], 60, NONE, NONE);
    let lengths = RefCell::new(Vec::new());
    let module = Short { fake, lengths: &lengths };
    let mut decoder = HostDecoder::default();
    assert_eq!(decoder.advance(&module, 1), AdvanceCode::Format);
    assert_eq!(decoder.advance(&module, 1), AdvanceCode::Packet);
    let all = FRAMES as usize;
    for (at, (rate, frames)) in
        [(RATE, all - 1), (RATE, all + 9), (2 * RATE, 3 * all)].into_iter().enumerate()
    {
        let (timestamp, _) = module.fake.chunks.borrow()[at];
        decoder.handle_output(&module, DecoderOutput { timestamp, frames, rate, queued: 0 });
    }
    assert_eq!(lengths.take(), [all - 1, all, 2 * all]);
}

/// The fake, of which only the lengths of what it is given count.
struct Short<'a> {
    fake: Fake<'a>,
    lengths: &'a RefCell<Vec<usize>>,
}

impl HostModule for Short<'_> {
    fn advance(&self, frames: usize) -> AdvanceCode {
        self.fake.advance(frames)
    }
    fn packet(&self) -> (Option<f64>, u32, Vec<u8>) {
        self.fake.packet()
    }
    fn stream_rate(&self) -> u32 {
        RATE
    }
    fn push_output(&self, _: Option<f64>, frames: usize) {
        self.lengths.borrow_mut().push(frames);
    }
    fn drained(&self) {}
    fn open_decoder(&self) -> bool {
        self.fake.open_decoder()
    }
    fn decode(&self, timestamp: f64, packet: &[u8]) {
        self.fake.decode(timestamp, packet);
    }
    fn flush_decoder(&self) {}
    fn close_decoder(&self) {}
}
