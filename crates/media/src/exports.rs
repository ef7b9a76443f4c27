//! The exports of the media plane, which the Worker's script calls, and the track that it brings.
//!
//! The script passes inputs in, calls [`next_output`] until there is none, and reads each output through the
//! exports of its fields. Numbers, booleans, enums, strings and bytes cross: objects would add their
//! bindings, which are larger than a demuxer.

use std::cell::RefCell;

use tonearm_formats::{Advance, AdvanceCode, CodecName, Family, Format, Planes};
use tonearm_messages::{BodyEnd, Command, Fact, Request, ResponseHead, Wire};
use wasm_bindgen::prelude::*;

use crate::plane::{BLOCK_FRAMES, MediaPlane, Output};
use crate::response::ResponseFields;
use crate::source::FormatTrack;

/// The type of the imports below: exports of a format's module, and methods that take bytes or samples. The
/// numbers of its enums are read by Rust: wasm-bindgen's own check of them is larger.
#[wasm_bindgen(typescript_custom_section)]
const MODULE_TRACK: &str = r#"
export type ModuleTrack = Omit<
    typeof import("../mp3/tonearm_mp3.js"), "AdvanceCode" | "CodecName" | "Family" | "push" | "probe_end" | "plane"
> & {
    push(bytes: Uint8Array): void;
    probe_end(bytes: Uint8Array): void;
    plane(channel: number, out: Float32Array): void;
};
"#;

#[wasm_bindgen]
extern "C" {
    /// A track in an instance of its format's module (`pkg/src/worker/track.ts`). The methods are those of
    /// [`FormatTrack`] and the exports of the module.
    #[wasm_bindgen(typescript_type = "ModuleTrack")]
    pub type ModuleTrack;
    #[wasm_bindgen(method)]
    fn push(this: &ModuleTrack, bytes: &[u8]);
    #[wasm_bindgen(method)]
    fn probe_end(this: &ModuleTrack, bytes: &[u8]);
    #[wasm_bindgen(method)]
    fn finish(this: &ModuleTrack);
    #[wasm_bindgen(method)]
    fn set_total_bytes(this: &ModuleTrack, bytes: f64);
    #[wasm_bindgen(method)]
    fn forget_total_bytes(this: &ModuleTrack);
    #[wasm_bindgen(method)]
    fn set_link_rate(this: &ModuleTrack, bytes_per_second: f64, min_skip_bytes: f64);
    #[wasm_bindgen(method)]
    fn seek(this: &ModuleTrack, position: f64);
    #[wasm_bindgen(method)]
    fn advance(this: &ModuleTrack, frames: usize) -> u8;
    #[wasm_bindgen(method)]
    fn take(this: &ModuleTrack, frames: usize) -> usize;
    #[wasm_bindgen(method)]
    fn plane(this: &ModuleTrack, channel: usize, out: &mut [f32]);
    #[wasm_bindgen(method)]
    fn undecoded(this: &ModuleTrack) -> usize;
    #[wasm_bindgen(method)]
    fn end_offset(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn frames(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn packets(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn failures(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn buffered_end(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn bytes_per_second(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn sample_rate(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn channel_mask(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn stated_duration(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn estimated_duration(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn wants_end_probe(this: &ModuleTrack) -> bool;
    #[wasm_bindgen(method)]
    fn codec(this: &ModuleTrack) -> u8;
    #[wasm_bindgen(method)]
    fn channels(this: &ModuleTrack) -> u8;
    #[wasm_bindgen(method)]
    fn bit_rate(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn duration(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn duration_estimated(this: &ModuleTrack) -> bool;
}

fn known(seconds: f64) -> Option<f64> {
    Some(seconds).filter(|seconds| !seconds.is_nan())
}

impl FormatTrack for ModuleTrack {
    fn set_total_bytes(&mut self, bytes: u64) {
        Self::set_total_bytes(self, bytes as f64);
    }

    fn forget_total_bytes(&mut self) {
        Self::forget_total_bytes(self);
    }

    fn push(&mut self, bytes: &[u8]) {
        Self::push(self, bytes);
    }

    fn finish(&mut self) {
        Self::finish(self);
    }

    fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: f64) {
        Self::set_link_rate(self, bytes_per_second, min_skip_bytes);
    }

    fn seek(&mut self, position: f64) {
        Self::seek(self, position);
    }

    fn advance(&mut self, frames: usize) -> Advance {
        Advance::from_code(AdvanceCode::from_number(Self::advance(self, frames)), || Format {
            codec: CodecName::from_number(self.codec()),
            sample_rate: Self::sample_rate(self),
            channels: self.channels(),
            duration: known(self.duration()),
            estimated: self.duration_estimated(),
            bit_rate: self.bit_rate(),
        })
    }

    fn take(&mut self, frames: usize) -> Planes {
        let frames = Self::take(self, frames);
        let mut planes = vec![vec![0.0; frames]; self.channels().into()];
        for (channel, plane) in planes.iter_mut().enumerate() {
            self.plane(channel, plane);
        }
        planes
    }

    fn sample_rate(&self) -> u32 {
        Self::sample_rate(self)
    }

    fn channel_mask(&self) -> u32 {
        Self::channel_mask(self)
    }

    fn undecoded(&self) -> usize {
        Self::undecoded(self)
    }

    fn end_offset(&self) -> u64 {
        Self::end_offset(self) as u64
    }

    fn frames(&self) -> u64 {
        Self::frames(self) as u64
    }

    fn packets(&self) -> (u32, u32) {
        (Self::packets(self), self.failures())
    }

    fn buffered_end(&self) -> f64 {
        Self::buffered_end(self)
    }

    fn stated_duration(&self) -> Option<f64> {
        known(Self::stated_duration(self))
    }

    fn estimated_duration(&mut self) -> Option<f64> {
        known(Self::estimated_duration(self))
    }

    fn wants_end_probe(&self) -> bool {
        Self::wants_end_probe(self)
    }

    fn probe_end(&mut self, bytes: &[u8]) {
        Self::probe_end(self, bytes);
    }

    fn bytes_per_second(&self) -> f64 {
        Self::bytes_per_second(self)
    }
}

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
    static PLANE: RefCell<MediaPlane<ModuleTrack>> = RefCell::default();
    static OUTPUT: RefCell<Option<Output>> = const { RefCell::new(None) };
}

fn with_plane<T>(work: impl FnOnce(&mut MediaPlane<ModuleTrack>) -> T) -> T {
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
    with_plane(|plane| plane.handle_track(now, epoch, track));
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
