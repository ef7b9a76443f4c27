//! What the Worker's script calls: the plane's inputs as methods, its outputs as a kind and plain getters.
//!
//! Owns the border to JavaScript and nothing else. Exported methods take `&self`; the script calls
//! `next_output` until it returns 0, and reads the output through the getters in between. Numbers and strings
//! alone cross: objects would bring in their bindings, which weigh more than the demuxer.

use std::cell::RefCell;

use tonearm_formats::{Advance, Format, Planes, TrackError};
use tonearm_messages::{BodyEnd, Command, Fact, Request, ResponseHead, Wire};
use wasm_bindgen::prelude::*;

use crate::plane::{MediaPlane, Output};
use crate::source::Track;

#[wasm_bindgen]
extern "C" {
    /// A track in a module of its own (`crates/media/js/track.js`).
    pub type Instance;
    #[wasm_bindgen(method)]
    fn push(this: &Instance, bytes: &[u8]);
    #[wasm_bindgen(method)]
    fn tail(this: &Instance, bytes: &[u8]);
    #[wasm_bindgen(method)]
    fn tell(this: &Instance, what: u32, value: f64) -> f64;
    #[wasm_bindgen(method)]
    fn advance(this: &Instance, frames: u32) -> u32;
    #[wasm_bindgen(method)]
    fn codec(this: &Instance) -> String;
    #[wasm_bindgen(method)]
    fn plane(this: &Instance, channel: u32, out: &mut [f32]);
}

impl Instance {
    /// One of its numbers, as `crates/formats/src/wasm.rs` has them.
    fn number(&self, which: u32) -> f64 {
        self.tell(9, which.into())
    }
}

impl Track for Instance {
    fn set_total_bytes(&mut self, bytes: u64) {
        self.tell(4, bytes as f64);
    }

    fn forget_total_bytes(&mut self) {
        self.tell(4, -1.0);
    }

    fn push(&mut self, bytes: &[u8]) {
        Self::push(self, bytes);
    }

    fn finish(&mut self) {
        self.tell(3, 0.0);
    }

    fn hurry(&mut self, rate: f64, worth: f64) {
        self.tell(17, rate);
        self.tell(18, worth);
    }

    fn seek(&mut self, position: f64) {
        self.tell(5, position);
    }

    fn advance(&mut self, frames: usize) -> Advance {
        match Self::advance(self, frames as u32) {
            0 => Advance::Ready,
            1 => Advance::NeedBytes,
            2 => Advance::Elsewhere,
            3 => {
                let duration = self.number(9);
                let codec = self.codec();
                // The names of `Codec::name`, which a message copies.
                let known = ["mp3", "aac", "flac", "vorbis", "opus"];
                Advance::Format(Format {
                    codec: known.into_iter().find(|known| *known == codec).unwrap_or("pcm"),
                    sample_rate: self.number(7) as u32,
                    channels: self.number(8) as u8,
                    duration: (!duration.is_nan()).then_some(duration),
                    estimated: self.number(21) > 0.0,
                    bit_rate: self.number(10) as u32,
                })
            }
            4 => Advance::Packet,
            6 => Advance::End,
            8 => Advance::Failed(TrackError::Undecodable),
            9 => Advance::Failed(TrackError::Truncated),
            _ => Advance::Failed(TrackError::Unsupported),
        }
    }

    fn take(&mut self, frames: usize) -> Planes {
        let frames = self.tell(7, frames as f64) as usize;
        let mut planes = vec![vec![0.0; frames]; self.number(8) as usize];
        for (channel, plane) in planes.iter_mut().enumerate() {
            self.plane(channel as u32, plane);
        }
        planes
    }

    fn sample_rate(&self) -> u32 {
        self.number(7) as u32
    }

    fn channel_mask(&self) -> u32 {
        self.number(24) as u32
    }

    fn undecoded(&self) -> usize {
        self.number(0) as usize
    }

    fn end_offset(&self) -> u64 {
        self.number(1) as u64
    }

    fn frames(&self) -> u64 {
        self.number(2) as u64
    }

    fn packets(&self) -> (u32, u32) {
        (self.number(3) as u32, self.number(4) as u32)
    }

    fn buffered_end(&self) -> f64 {
        self.number(5)
    }

    fn stated_duration(&self) -> Option<f64> {
        Some(self.number(19)).filter(|duration| !duration.is_nan())
    }

    fn estimated_duration(&mut self) -> Option<f64> {
        Some(self.number(23)).filter(|duration| !duration.is_nan())
    }

    fn wants_tail(&self) -> bool {
        self.number(20) > 0.0
    }

    fn tail(&mut self, bytes: &[u8]) {
        Self::tail(self, bytes);
    }

    fn bytes_per_second(&self) -> f64 {
        self.number(6)
    }
}

/// The media plane, as the Worker's script holds it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Plane {
    inner: RefCell<MediaPlane<Instance>>,
    output: RefCell<Option<Output>>,
}

#[wasm_bindgen]
impl Plane {
    /// A plane with no track open.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// A command's bytes; returns whether they were one.
    pub fn command(&self, now: f64, bytes: &[u8]) -> bool {
        let command = Command::from_bytes(bytes);
        command.map(|command| self.inner.borrow_mut().handle_command(now, command)).is_ok()
    }

    /// A response's head. `length` is the `Content-Length` of a whole file; a negative one is unknown.
    /// `fields` are lines; see [`crate::response::ResponseFields::from_lines`].
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of one response, flat, cross the border without an object"
    )]
    pub fn head(
        &self,
        now: f64,
        request: u32,
        status: u16,
        length: f64,
        ranges: bool,
        node: Option<String>,
        cache: Option<String>,
        trace_id: Option<String>,
        fields: &str,
    ) {
        let total_bytes = (length >= 0.0).then_some(length as u64);
        let head = ResponseHead { status, total_bytes, ranges, node, cache, trace_id };
        self.inner.borrow_mut().handle_head(now, request, head, fields);
    }

    /// The app has given the source another URL; see [`MediaPlane::forget_validators`].
    pub fn renewed(&self) {
        self.inner.borrow_mut().forget_validators();
    }

    /// Whether a request that failed gets a response in the mode `no-cors`.
    pub fn probed(&self, now: f64, request: u32, reachable: bool) {
        self.inner.borrow_mut().handle_probe(now, request, reachable);
    }

    /// Bytes of a body.
    pub fn chunk(&self, now: f64, request: u32, bytes: &[u8]) {
        self.inner.borrow_mut().handle_chunk(now, request, bytes);
    }

    /// A body's end.
    pub fn body_end(&self, now: f64, request: u32, complete: bool) {
        let end = if complete { BodyEnd::Complete {} } else { BodyEnd::Failed {} };
        self.inner.borrow_mut().handle_body_end(now, request, end);
    }

    /// The track that was asked for, or none.
    pub fn track(&self, now: f64, epoch: u32, track: Option<Instance>) {
        self.inner.borrow_mut().handle_track(now, epoch, track);
    }

    /// The host has decoded more of a track.
    pub fn decoded(&self, now: f64) {
        self.inner.borrow_mut().handle_decoded(now);
    }

    /// What the output has played.
    pub fn credit(&self, now: f64, epoch: u32, frames: f64, starved: bool) {
        self.inner.borrow_mut().handle_credit(now, epoch, frames as u64, starved);
    }

    /// Whether to go on reading a body.
    pub fn wants_bytes(&self, request: u32) -> bool {
        self.inner.borrow().wants_bytes(request)
    }

    /// An input's work is done; see [`MediaPlane::finish_input`].
    pub fn finish_input(&self, now: f64) {
        self.inner.borrow_mut().finish_input(now);
    }

    /// Decodes another block; see [`MediaPlane::resume`].
    pub fn resume(&self, now: f64) -> bool {
        self.inner.borrow_mut().resume(now)
    }

    /// Goes to the next output: 1 post, 2 fetch, 3 abort, 4 flush, 5 samples, 6 start, 7 end, 8 open, 9 probe;
    /// 0 where there is none.
    pub fn next_output(&self) -> u32 {
        let output = self.inner.borrow_mut().poll_output();
        let kind = match &output {
            None => 0,
            Some(Output::Post(_)) => 1,
            Some(Output::Fetch { .. }) => 2,
            Some(Output::Abort { .. }) => 3,
            Some(Output::Flush { .. }) => 4,
            Some(Output::Samples { .. }) => 5,
            Some(Output::Start { .. }) => 6,
            Some(Output::End { .. }) => 7,
            Some(Output::Open { .. }) => 8,
            Some(Output::Probe { .. }) => 9,
        };
        *self.output.borrow_mut() = output;
        kind
    }

    /// The bytes of the fact to post.
    pub fn fact(&self) -> Vec<u8> {
        match &*self.output.borrow() {
            Some(Output::Post(fact)) => Fact::to_bytes(fact),
            _ => Vec::new(),
        }
    }

    /// The epoch of an output to the worklet, or the id of a request.
    pub fn id(&self) -> u32 {
        match &*self.output.borrow() {
            Some(
                Output::Fetch { request: Request { id, .. }, .. }
                | Output::Abort { request: id }
                | Output::Probe { request: id, .. },
            ) => *id,
            Some(
                Output::Flush { epoch }
                | Output::Samples { epoch, .. }
                | Output::Start { epoch }
                | Output::Open { epoch, .. }
                | Output::End { epoch, .. },
            ) => *epoch,
            _ => 0,
        }
    }

    /// The URL to fetch.
    pub fn url(&self) -> String {
        match &*self.output.borrow() {
            Some(Output::Fetch { url, .. } | Output::Probe { url, .. }) => url.clone(),
            _ => String::new(),
        }
    }

    /// The lines of headers that go along, where any may.
    pub fn headers(&self) -> Option<String> {
        match &*self.output.borrow() {
            Some(Output::Fetch { request, .. }) => request.headers.clone(),
            _ => None,
        }
    }

    /// Whether cookies go with the request.
    pub fn credentials(&self) -> bool {
        matches!(
            &*self.output.borrow(),
            Some(Output::Fetch { credentials: true, .. } | Output::Probe { credentials: true, .. })
        )
    }

    /// The first byte to fetch; the frames of a block, or of a whole run; the family of a track to open.
    pub fn count(&self) -> f64 {
        match &*self.output.borrow() {
            Some(Output::Fetch { request, .. }) => request.offset as f64,
            Some(Output::Samples { planes, .. }) => planes.first().map_or(0, Vec::len) as f64,
            Some(Output::End { frames, .. }) => *frames as f64,
            Some(Output::Open { family, .. }) => f64::from(*family as u8),
            _ => 0.0,
        }
    }

    /// Where a track to open begins, in seconds.
    pub fn start(&self) -> f64 {
        match &*self.output.borrow() {
            Some(Output::Open { start, .. }) => *start,
            _ => 0.0,
        }
    }

    /// Where in the module's memory a plane of the samples lies; null past the last plane. Read it before the
    /// next call.
    pub fn samples(&self, channel: usize) -> *const f32 {
        match &*self.output.borrow() {
            Some(Output::Samples { planes, .. }) => planes.get(channel).map_or(std::ptr::null(), Vec::as_ptr),
            _ => std::ptr::null(),
        }
    }
}
