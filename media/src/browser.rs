//! What the Worker's script calls: the plane's inputs as methods, its outputs as small arrays.
//!
//! Owns the border to JavaScript and nothing else. Exported methods take `&self`; the script drains `next_output` after
//! every call.

use std::cell::RefCell;

use js_sys::{Array, Float32Array, Uint8Array};
use tonearm_messages::{BodyEnd, Command, ResponseHead, Wire};
use wasm_bindgen::prelude::*;

use crate::decode::Planes;
use crate::plane::{MediaPlane, Output};

/// The media plane, as the Worker's script holds it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Plane {
    inner: RefCell<MediaPlane>,
    samples: RefCell<Planes>,
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
        content_type: Option<String>,
        server_timing: Option<String>,
        cache: Option<String>,
    ) {
        let total_bytes = (total >= 0.0).then_some(total as u64);
        let head = ResponseHead { status, total_bytes, ranges, content_type, server_timing, cache };
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

    /// The next output as an array whose first item names it, or `undefined`.
    pub fn next_output(&self) -> Option<Array> {
        let output = self.inner.borrow_mut().poll_output()?;
        Some(match output {
            Output::Post(fact) => Array::of2(&"post".into(), &Uint8Array::from(fact.to_bytes().as_slice())),
            Output::Fetch { request, url, credentials } => [
                JsValue::from("fetch"),
                request.id.into(),
                url.into(),
                (request.offset as f64).into(),
                request.traceparent.into(),
                credentials.into(),
            ]
            .iter()
            .collect(),
            Output::Abort { request } => Array::of2(&"abort".into(), &request.into()),
            Output::Flush { epoch } => Array::of2(&"flush".into(), &epoch.into()),
            Output::Samples { epoch, planes } => {
                let frames = planes.first().map_or(0, Vec::len) as u32;
                let channels = planes.len() as u32;
                *self.samples.borrow_mut() = planes;
                Array::of4(&"samples".into(), &epoch.into(), &frames.into(), &channels.into())
            }
            Output::Start { epoch } => Array::of2(&"start".into(), &epoch.into()),
            Output::End { epoch, frames } => Array::of3(&"end".into(), &epoch.into(), &(frames as f64).into()),
        })
    }

    /// Copies one plane of the last `samples` output into the front of `target`.
    pub fn copy_samples(&self, channel: usize, target: &Float32Array) {
        let samples = self.samples.borrow();
        if let Some(plane) = samples.get(channel) {
            target.subarray(0, plane.len() as u32).copy_from(plane);
        }
    }
}
