//! What the Worker's script calls: the plane's inputs as methods, its outputs as a kind and plain getters.
//!
//! Owns the border to JavaScript and nothing else. Exported methods take `&self`; the script calls `next_output` until it
//! returns 0, and reads the output through the getters in between. Numbers and strings alone cross: objects would bring
//! in their bindings, which weigh more than the demuxer.

use std::cell::RefCell;

use tonearm_messages::{BodyEnd, Command, Fact, Request, ResponseHead, Wire};
use wasm_bindgen::prelude::*;

use crate::plane::{MediaPlane, Output};

/// The media plane, as the Worker's script holds it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Plane {
    inner: RefCell<MediaPlane>,
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

    /// A response's head. A negative total says that it is unknown.
    #[allow(
        clippy::too_many_arguments,
        reason = "the fields of one response, flat, cross the border without an object"
    )]
    pub fn head(
        &self,
        now: f64,
        request: u32,
        status: u16,
        total: f64,
        ranges: bool,
        node: Option<String>,
        cache: Option<String>,
        trace_id: Option<String>,
    ) {
        let total_bytes = (total >= 0.0).then_some(total as u64);
        let head = ResponseHead { status, total_bytes, ranges, node, cache, trace_id };
        self.inner.borrow_mut().handle_head(now, request, head);
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

    /// Goes to the next output: 1 post, 2 fetch, 3 abort, 4 flush, 5 samples, 6 start, 7 end; 0 where there is none.
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
            Some(Output::Fetch { request: Request { id, .. }, .. } | Output::Abort { request: id }) => *id,
            Some(
                Output::Flush { epoch }
                | Output::Samples { epoch, .. }
                | Output::Start { epoch }
                | Output::End { epoch, .. },
            ) => *epoch,
            _ => 0,
        }
    }

    /// The URL to fetch.
    pub fn url(&self) -> String {
        match &*self.output.borrow() {
            Some(Output::Fetch { url, .. }) => url.clone(),
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
        matches!(&*self.output.borrow(), Some(Output::Fetch { credentials: true, .. }))
    }

    /// The first byte to fetch; the frames of a block, or of a whole run.
    pub fn count(&self) -> f64 {
        match &*self.output.borrow() {
            Some(Output::Fetch { request, .. }) => request.offset as f64,
            Some(Output::Samples { planes, .. }) => planes.first().map_or(0, Vec::len) as f64,
            Some(Output::End { frames, .. }) => *frames as f64,
            _ => 0.0,
        }
    }

    /// Where in the module's memory a plane of the samples lies; null past the last plane. Read it before the next call.
    pub fn samples(&self, channel: usize) -> *const f32 {
        match &*self.output.borrow() {
            Some(Output::Samples { planes, .. }) => planes.get(channel).map_or(std::ptr::null(), Vec::as_ptr),
            _ => std::ptr::null(),
        }
    }
}
