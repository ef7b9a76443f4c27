//! The exports of the media plane, which the Worker's script calls.
//!
//! The script passes inputs in, calls [`next_output`] until there is none, and reads each output through the
//! exports of its fields. Numbers, booleans, enums, strings and bytes cross: objects would add their
//! bindings, which are larger than a demuxer.

pub mod decoder;
mod track;

use std::cell::RefCell;

use tonearm_formats::Family;
use tonearm_messages::{BodyEnd, Command, Fact, Request, ResponseHead, Wire};
use wasm_bindgen::prelude::*;

use crate::plane::{BLOCK_FRAMES, MediaPlane, Output};
use crate::response::ResponseFields;
use track::BrowserTrack;
pub use track::ModuleTrack;

/// What the Worker's script must do; see [`Output`].
#[wasm_bindgen]
#[derive(Debug, Clone, Copy)]
pub enum OutputKind {
    /// Nothing more.
    None,
    /// Post [`fact`] to the page.
    Post,
    /// Send the request [`request_id`].
    Fetch,
    /// Drop the request [`request_id`].
    Abort,
    /// Drop the samples in the output and expect [`epoch`].
    Flush,
    /// Give [`frames`] frames at [`samples`] to the output.
    Samples,
    /// Let the output begin or go on.
    Start,
    /// End the run of [`epoch`] after [`frames`] frames.
    End,
    /// Open a track of [`family`].
    Open,
    /// Find out whether the request [`request_id`] gets a response that is not readable.
    Probe,
}

thread_local! {
    static PLANE: RefCell<MediaPlane<BrowserTrack>> = RefCell::default();
    static OUTPUT: RefCell<Option<Output>> = const { RefCell::new(None) };
}

fn with_plane<T>(work: impl FnOnce(&mut MediaPlane<BrowserTrack>) -> T) -> T {
    PLANE.with(|plane| work(&mut plane.borrow_mut()))
}

/// Reads a field of the output that [`next_output`] announced; the default of its type where it has none.
fn output_field<T: Default>(read: impl FnOnce(&Output) -> Option<T>) -> T {
    OUTPUT.with(|output| output.borrow().as_ref().and_then(read).unwrap_or_default())
}

/// Frames of a full block of samples.
#[wasm_bindgen]
pub fn block_frames() -> usize {
    BLOCK_FRAMES
}

/// A command's bytes. Returns whether they are a command.
#[wasm_bindgen]
pub fn handle_command(now: f64, bytes: &[u8]) -> bool {
    let command = Command::from_bytes(bytes);
    command.map(|command| with_plane(|plane| plane.handle_command(now, command))).is_ok()
}

/// Status and header fields of a response. `fields` are lines; see [`ResponseFields::from_lines`].
#[wasm_bindgen]
pub fn handle_head(
    now: f64,
    request: u32,
    status: u16,
    fields: &str,
    node: Option<String>,
    cache: Option<String>,
    trace_id: Option<String>,
) {
    let fields = ResponseFields::from_lines(fields);
    let (total_bytes, ranges) = (fields.total_bytes(status), fields.accepts_ranges());
    let head = ResponseHead { status, total_bytes, ranges, node, cache, trace_id };
    with_plane(|plane| plane.handle_head(now, request, head, &fields));
}

/// The app has given the source another URL; see [`MediaPlane::forget_validators`].
#[wasm_bindgen]
pub fn forget_validators() {
    with_plane(MediaPlane::forget_validators);
}

/// Whether a request that failed gets a response in the mode `no-cors`.
#[wasm_bindgen]
pub fn handle_probe(now: f64, request: u32, reachable: bool) {
    with_plane(|plane| plane.handle_probe(now, request, reachable));
}

/// Bytes of a body.
#[wasm_bindgen]
pub fn handle_chunk(now: f64, request: u32, bytes: &[u8]) {
    with_plane(|plane| plane.handle_chunk(now, request, bytes));
}

/// The end of a body.
#[wasm_bindgen]
pub fn handle_body_end(now: f64, request: u32, complete: bool) {
    let end = if complete { BodyEnd::Complete {} } else { BodyEnd::Failed {} };
    with_plane(|plane| plane.handle_body_end(now, request, end));
}

/// The track that [`OutputKind::Open`] asked for, or none.
#[wasm_bindgen]
pub fn handle_track(now: f64, epoch: u32, track: Option<ModuleTrack>) {
    with_plane(|plane| plane.handle_track(now, epoch, track.map(BrowserTrack::new)));
}

/// The host has decoded packets of a track.
#[wasm_bindgen]
pub fn handle_decoded(now: f64) {
    with_plane(|plane| plane.handle_decoded(now));
}

/// What the output has played.
#[wasm_bindgen]
pub fn handle_credit(now: f64, epoch: u32, frames: f64, starved: bool) {
    with_plane(|plane| plane.handle_credit(now, epoch, frames as u64, starved));
}

/// Whether a status says that the URL has run out: the app may have another.
#[wasm_bindgen]
pub fn is_expired(status: u16) -> bool {
    crate::response::is_expired(status)
}

/// Whether to read more of a body.
#[wasm_bindgen]
pub fn wants_bytes(request: u32) -> bool {
    with_plane(|plane| plane.wants_bytes(request))
}

/// The work of an input is done; see [`MediaPlane::finish_input`].
#[wasm_bindgen]
pub fn finish_input(now: f64) {
    with_plane(|plane| plane.finish_input(now));
}

/// Decodes another block; see [`MediaPlane::resume`].
#[wasm_bindgen]
pub fn resume(now: f64) -> bool {
    with_plane(|plane| plane.resume(now))
}

/// Goes to the next output.
#[wasm_bindgen]
pub fn next_output() -> OutputKind {
    let output = with_plane(MediaPlane::poll_output);
    let kind = match &output {
        None => OutputKind::None,
        Some(Output::Post(_)) => OutputKind::Post,
        Some(Output::Fetch { .. }) => OutputKind::Fetch,
        Some(Output::Abort { .. }) => OutputKind::Abort,
        Some(Output::Flush { .. }) => OutputKind::Flush,
        Some(Output::Samples { .. }) => OutputKind::Samples,
        Some(Output::Start { .. }) => OutputKind::Start,
        Some(Output::End { .. }) => OutputKind::End,
        Some(Output::Open { .. }) => OutputKind::Open,
        Some(Output::Probe { .. }) => OutputKind::Probe,
    };
    OUTPUT.set(output);
    kind
}

/// The bytes of the fact to post.
#[wasm_bindgen]
pub fn fact() -> Vec<u8> {
    output_field(|output| match output {
        Output::Post(fact) => Some(Fact::to_bytes(fact)),
        _ => None,
    })
}

/// The id of a request.
#[wasm_bindgen]
pub fn request_id() -> u32 {
    output_field(|output| match output {
        Output::Fetch { request: Request { id, .. }, .. }
        | Output::Abort { request: id }
        | Output::Probe { request: id, .. } => Some(*id),
        _ => None,
    })
}

/// The epoch of an output to the worklet, or of a track to open.
#[wasm_bindgen]
pub fn epoch() -> u32 {
    output_field(|output| match output {
        Output::Flush { epoch }
        | Output::Samples { epoch, .. }
        | Output::Start { epoch }
        | Output::Open { epoch, .. }
        | Output::End { epoch, .. } => Some(*epoch),
        _ => None,
    })
}

/// The URL of a request or of a probe.
#[wasm_bindgen]
pub fn url() -> String {
    output_field(|output| match output {
        Output::Fetch { url, .. } | Output::Probe { url, .. } => Some(url.clone()),
        _ => None,
    })
}

/// The lines `name: value` of a request's headers, where any may go along.
#[wasm_bindgen]
pub fn headers() -> Option<String> {
    output_field(|output| match output {
        Output::Fetch { request, .. } => Some(request.headers.clone()),
        _ => None,
    })
}

/// Whether cookies go with the request.
#[wasm_bindgen]
pub fn credentials() -> bool {
    output_field(|output| match output {
        Output::Fetch { credentials, .. } | Output::Probe { credentials, .. } => Some(*credentials),
        _ => None,
    })
}

/// The first byte to request.
#[wasm_bindgen]
pub fn offset() -> f64 {
    output_field(|output| match output {
        Output::Fetch { request, .. } => Some(request.offset as f64),
        _ => None,
    })
}

/// The frames of a block, or of a whole run that ends.
#[wasm_bindgen]
pub fn frames() -> f64 {
    output_field(|output| match output {
        Output::Samples { planes, .. } => Some(planes.first().map_or(0, Vec::len) as f64),
        Output::End { frames, .. } => Some(*frames as f64),
        _ => None,
    })
}

/// The family of a track to open.
#[wasm_bindgen]
pub fn family() -> Family {
    output_field(|output| match output {
        Output::Open { family, .. } => Some(Some(*family)),
        _ => None,
    })
    .unwrap_or(Family::Mp3)
}

/// Where a track to open begins, in seconds.
#[wasm_bindgen]
pub fn start() -> f64 {
    output_field(|output| match output {
        Output::Open { start, .. } => Some(*start),
        _ => None,
    })
}

/// The address of a channel of the samples; 0 where there is no such channel. Valid until the next call.
#[wasm_bindgen]
pub fn samples(channel: usize) -> *const f32 {
    OUTPUT.with(|output| match &*output.borrow() {
        Some(Output::Samples { planes, .. }) => planes.get(channel).map_or(std::ptr::null(), Vec::as_ptr),
        _ => std::ptr::null(),
    })
}
