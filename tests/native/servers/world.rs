//! Engine, media plane and a worklet over a server that a test describes: one hand-moved clock for all.

use std::collections::VecDeque;

use tonearm_formats::Planes;
use tonearm_media::native::{Native, open};
use tonearm_media::plane::{MediaPlane, Output};
use tonearm_media::response::ResponseFields;
use tonearm_messages::{BodyEnd, Command, ResponseHead};
use tonearm_player::engine::{PlayerInput, Report, WorkletCommand};
use tonearm_player::playback::State;

use crate::fake_host::{FakeHost, PLAYER, RATE};

/// Milliseconds of a step.
const STEP: f64 = 10.0;

/// What the server answers.
#[derive(Clone, Default)]
pub struct Answer {
    pub status: u16,
    /// `Content-Length` of a whole file.
    pub length: Option<u64>,
    pub accepts_ranges: bool,
    pub content_range: String,
    pub etag: String,
    pub last_modified: String,
    /// `Content-Type`; an empty one is that of a WAV.
    pub content_type: &'static str,
    pub body: Vec<u8>,
    /// Milliseconds from the request to the head.
    pub latency: f64,
    /// The connection breaks after the body.
    pub breaks: bool,
    /// Bytes a second; 0 is as fast as can be.
    pub rate: usize,
    /// Nothing comes, not even a head.
    pub hangs: bool,
}

struct Transfer {
    id: u32,
    answer: Answer,
    /// When it was requested.
    at: f64,
    headed: bool,
    sent: usize,
}

/// The worklet: as `pkg/src/worklet/worklet.ts`, at 480 frames a step.
#[derive(Default)]
struct Worklet {
    epoch: u32,
    released: Option<u32>,
    ring: VecDeque<f32>,
    total: Option<u64>,
    played: u64,
    started: bool,
    sounding: bool,
    gap: Option<f64>,
    ended: bool,
}

pub struct World {
    pub host: FakeHost,
    pub plane: MediaPlane<Native>,
    server: Box<dyn FnMut(u64) -> Answer>,
    transfers: Vec<Transfer>,
    worklet: Worklet,
    commands: usize,
    releases: usize,
    /// First bytes that were asked for.
    pub requests: Vec<u64>,
    /// Bytes that were sent.
    pub sent: u64,
    /// What was heard, of the left channel.
    pub tape: Vec<f32>,
    /// Milliseconds in which nothing was heard while the player said that it played.
    pub silent_playing: f64,
}

impl World {
    pub fn new(server: impl FnMut(u64) -> Answer + 'static) -> Self {
        let mut world = Self {
            host: FakeHost::loaded(),
            plane: MediaPlane::default(),
            server: Box::new(server),
            transfers: Vec::new(),
            worklet: Worklet::default(),
            commands: 0,
            releases: 0,
            requests: Vec::new(),
            sent: 0,
            tape: Vec::new(),
            silent_playing: 0.0,
        };
        world.host.play(1);
        world
    }

    pub fn state(&self) -> State {
        self.host.state()
    }

    pub fn time(&self) -> f64 {
        self.host.engine.player(PLAYER).unwrap().current_time(self.host.now())
    }

    /// Goes on until `done`, for `seconds` at most.
    pub fn run_until(&mut self, seconds: f64, done: impl Fn(&Self) -> bool) {
        let end = self.host.millis + seconds * 1000.0;
        while !done(self) {
            let state = self.state();
            assert!(self.host.millis < end, "{state:?} at {} s, requests {:?}", self.time(), self.requests);
            self.step();
        }
    }

    pub fn run(&mut self, seconds: f64) {
        let end = self.host.millis + seconds * 1000.0;
        while self.host.millis < end {
            self.step();
        }
    }

    fn step(&mut self) {
        self.host.advance(STEP);
        self.deliver();
        let mut transfers = std::mem::take(&mut self.transfers);
        for transfer in &mut transfers {
            self.transfer(transfer);
        }
        transfers.append(&mut self.transfers);
        transfers.retain(|transfer| transfer.sent != usize::MAX);
        self.transfers = transfers;
        let before = self.tape.len();
        self.play();
        if self.state() == State::Playing && self.tape.len() == before {
            self.silent_playing += STEP;
        }
        self.deliver();
    }

    fn transfer(&mut self, transfer: &mut Transfer) {
        let now = self.host.unix();
        let answer = &transfer.answer;
        let aborted = transfer.sent == usize::MAX;
        if aborted || answer.hangs || self.host.millis - transfer.at < answer.latency {
            return;
        }
        if !std::mem::replace(&mut transfer.headed, true) {
            let head = ResponseHead {
                status: answer.status,
                total_bytes: answer.length,
                ranges: answer.accepts_ranges,
                ..ResponseHead::default()
            };
            let content_type = if answer.content_type.is_empty() { "audio/wav" } else { answer.content_type };
            let fields = ResponseFields {
                content_type,
                content_range: &answer.content_range,
                etag: &answer.etag,
                last_modified: &answer.last_modified,
                ..ResponseFields::default()
            };
            self.plane.handle_head(now, transfer.id, head, &fields);
            self.drain();
        }
        let since = ((self.host.millis - transfer.at - answer.latency) / 1000.0).max(0.0);
        let most = match answer.rate {
            0 => 128 << 10,
            rate => ((since * rate as f64) as usize).saturating_sub(transfer.sent),
        };
        if !self.plane.wants_bytes(transfer.id) && transfer.sent < answer.body.len() {
            return;
        }
        let end = (transfer.sent + most).min(answer.body.len());
        for piece in answer.body[transfer.sent..end].chunks(64 << 10) {
            self.sent += piece.len() as u64;
            self.plane.handle_chunk(now, transfer.id, piece);
            self.drain();
        }
        transfer.sent = end;
        if end == answer.body.len() {
            transfer.sent = usize::MAX;
            let end = if answer.breaks { BodyEnd::Failed {} } else { BodyEnd::Complete {} };
            self.plane.handle_body_end(now, transfer.id, end);
            self.drain();
        }
    }

    /// Commands of the engine go to the plane and the worklet.
    fn deliver(&mut self) {
        while let Some(command) = self.host.media.get(self.commands).cloned() {
            self.commands += 1;
            if matches!(command, Command::Open { .. } | Command::Close {}) {
                self.transfers.clear();
            }
            self.plane.handle_command(self.host.unix(), command);
            self.drain();
        }
        while let Some(command) = self.host.worklet.get(self.releases).copied() {
            self.releases += 1;
            self.worklet.released = match command {
                WorkletCommand::Release { epoch } => Some(epoch),
                WorkletCommand::Hold => None,
            };
        }
    }

    fn drain(&mut self) {
        loop {
            self.plane.finish_input(self.host.unix());
            while let Some(output) = self.plane.poll_output() {
                self.perform(output);
            }
            if !self.plane.resume(self.host.unix()) {
                return;
            }
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Post(fact) => self.host.player(PlayerInput::Fact(fact)),
            Output::Fetch { request, .. } => {
                assert!(self.requests.len() < 10_000, "requests without an end");
                self.requests.push(request.offset);
                let answer = (self.server)(request.offset);
                let at = self.host.millis;
                self.transfers.push(Transfer { id: request.id, answer, at, headed: false, sent: 0 });
            }
            Output::Open { epoch, family, start } => {
                self.plane.handle_track(self.host.unix(), epoch, open(family, start));
            }
            Output::Probe { request, .. } => self.plane.handle_probe(self.host.unix(), request, false),
            Output::Abort { request } => {
                for transfer in self.transfers.iter_mut().filter(|transfer| transfer.id == request) {
                    transfer.sent = usize::MAX;
                }
            }
            Output::Flush { epoch } => {
                self.worklet = Worklet { epoch, released: self.worklet.released, ..Worklet::default() };
            }
            Output::Samples { epoch, planes } => self.samples(epoch, &planes),
            Output::Start { epoch } => self.worklet.started |= epoch == self.worklet.epoch,
            Output::End { epoch, frames } if epoch == self.worklet.epoch => {
                self.worklet.total = Some(frames);
            }
            Output::End { .. } => {}
        }
    }

    fn samples(&mut self, epoch: u32, planes: &Planes) {
        assert!(planes.iter().flatten().all(|sample| sample.abs() <= 4.0));
        assert!(planes.iter().all(|plane| plane.len() == planes[0].len()));
        if epoch == self.worklet.epoch {
            self.worklet.ring.extend(&planes[0]);
        }
    }

    fn play(&mut self) {
        let (epoch, at) = (self.worklet.epoch, self.host.now());
        let worklet = &mut self.worklet;
        if worklet.released != Some(epoch) || worklet.ended {
            return;
        }
        let quantum = (f64::from(RATE) * STEP / 1000.0) as usize;
        let mut reports = Vec::new();
        let mut starved = false;
        if worklet.started {
            let count = quantum.min(worklet.ring.len());
            self.tape.extend(worklet.ring.drain(..count));
            if count > 0 && !worklet.sounding {
                worklet.sounding = true;
                let (frames, method) = (worklet.played, "audible");
                if let Some(since) = worklet.gap.take() {
                    let missing = ((self.host.millis - since) * f64::from(RATE) / 1000.0) as u64;
                    reports.push(Report::GapEnded { epoch, at, missing, audible: true });
                }
                reports.push(Report::Audible { epoch, at, frames, method });
            }
            worklet.played += count as u64;
            let frames = worklet.played;
            if count < quantum && worklet.total != Some(frames) {
                (worklet.started, worklet.sounding, starved) = (false, false, true);
                worklet.gap = Some(self.host.millis);
                reports.push(Report::GapStarted { epoch, at, frames });
            } else if frames.is_multiple_of(quantum as u64 * 50) {
                reports.push(Report::Position { epoch, at, frames });
            }
        }
        if worklet.total.is_some_and(|total| worklet.played >= total) {
            worklet.ended = true;
            reports.push(Report::Ended { epoch, at, frames: worklet.played });
        }
        let played = worklet.played;
        self.plane.handle_credit(self.host.unix(), epoch, played, starved);
        self.drain();
        for report in reports {
            self.host.report(report);
        }
    }
}
