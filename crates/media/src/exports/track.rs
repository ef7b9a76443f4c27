//! The track that the Worker's script brings: an instance of its format's module, and the browser's decoder.
//!
//! Knows what crosses and in which form; what follows from it is [`HostDecoder`]'s and the plane's.

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use tonearm_formats::{Advance, AdvanceCode, CodecName, Format, Planes};
use wasm_bindgen::prelude::*;

use crate::host_decoder::{HostDecoder, HostModule};
use crate::source::FormatTrack;

/// The type of the imports below: exports of a format's module, and methods that take bytes or samples. The
/// numbers of its enums are read by Rust: wasm-bindgen's own check of them is larger.
#[wasm_bindgen(typescript_custom_section)]
const MODULE_TRACK: &str = r#"
export type ModuleTrack = Omit<
    typeof import("../mp3/tonearm_mp3.js"),
    "AdvanceCode" | "CodecName" | "Family" | "push" | "probe_end" | "plane" | "packet"
> & {
    push(bytes: Uint8Array): void;
    probe_end(bytes: Uint8Array): void;
    plane(channel: number, out: Float32Array): void;
    packet(): Uint8Array;
    push_output(position: number, frames: number): void;
    open_decoder(): boolean;
    decode(timestamp: number, packet: Uint8Array): void;
    flush_decoder(): void;
    close_decoder(): void;
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
    #[wasm_bindgen(method)]
    fn packet(this: &ModuleTrack) -> Vec<u8>;
    #[wasm_bindgen(method)]
    fn packet_position(this: &ModuleTrack) -> f64;
    #[wasm_bindgen(method)]
    fn packet_frames(this: &ModuleTrack) -> u32;
    #[wasm_bindgen(method)]
    fn push_output(this: &ModuleTrack, position: f64, frames: usize);
    #[wasm_bindgen(method)]
    fn drained(this: &ModuleTrack);
    #[wasm_bindgen(method)]
    fn open_decoder(this: &ModuleTrack) -> bool;
    #[wasm_bindgen(method)]
    fn decode(this: &ModuleTrack, timestamp: f64, packet: &[u8]);
    #[wasm_bindgen(method)]
    fn flush_decoder(this: &ModuleTrack);
    #[wasm_bindgen(method)]
    fn close_decoder(this: &ModuleTrack);
}

impl HostModule for ModuleTrack {
    fn advance(&self, frames: usize) -> AdvanceCode {
        AdvanceCode::from_number(Self::advance(self, frames))
    }

    fn packet(&self) -> (Option<f64>, u32, Vec<u8>) {
        let position = self.packet_position();
        let position = (position >= 0.0).then_some(position);
        (position, self.packet_frames(), Self::packet(self))
    }

    fn stream_rate(&self) -> u32 {
        self.sample_rate()
    }

    fn push_output(&self, position: Option<f64>, frames: usize) {
        Self::push_output(self, position.unwrap_or(-1.0), frames);
    }

    fn drained(&self) {
        Self::drained(self);
    }

    fn open_decoder(&self) -> bool {
        Self::open_decoder(self)
    }

    fn decode(&self, timestamp: f64, packet: &[u8]) {
        Self::decode(self, timestamp, packet);
    }

    fn flush_decoder(&self) {
        Self::flush_decoder(self);
    }

    fn close_decoder(&self) {
        Self::close_decoder(self);
    }
}

/// A track, and the packets of it that are with the browser's decoder.
pub(super) struct BrowserTrack {
    pub(super) module: ModuleTrack,
    pub(super) decoder: HostDecoder,
    /// Waits for an output of a decoder that is idle.
    pub(super) timeout: Option<Timeout>,
}

thread_local! {
    /// What the decoders of the tracks before have shown of the browser; see [`HostDecoder::restamps`].
    static RESTAMPS: Cell<Option<bool>> = const { Cell::new(None) };
}

impl BrowserTrack {
    pub(super) fn new(module: ModuleTrack) -> Self {
        Self { module, decoder: HostDecoder::new(RESTAMPS.get()), timeout: None }
    }
}

impl Drop for BrowserTrack {
    fn drop(&mut self) {
        RESTAMPS.set(self.decoder.restamps());
        self.decoder.close(&self.module);
    }
}

fn known(seconds: f64) -> Option<f64> {
    Some(seconds).filter(|seconds| !seconds.is_nan())
}

impl FormatTrack for BrowserTrack {
    fn set_total_bytes(&mut self, bytes: u64) {
        self.module.set_total_bytes(bytes as f64);
    }

    fn forget_total_bytes(&mut self) {
        self.module.forget_total_bytes();
    }

    fn push(&mut self, bytes: &[u8]) {
        self.module.push(bytes);
    }

    fn finish(&mut self) {
        self.module.finish();
    }

    fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: f64) {
        self.module.set_link_rate(bytes_per_second, min_skip_bytes);
    }

    fn seek(&mut self, position: f64) {
        self.decoder.reset(&self.module);
        self.module.seek(position);
    }

    fn advance(&mut self, frames: usize) -> Advance {
        let Self { module, decoder, .. } = self;
        Advance::from_code(decoder.advance(module, frames), || Format {
            codec: CodecName::from_number(module.codec()),
            sample_rate: module.sample_rate(),
            channels: module.channels(),
            duration: known(module.duration()),
            estimated: module.duration_estimated(),
            bit_rate: module.bit_rate(),
        })
    }

    fn take(&mut self, frames: usize) -> Planes {
        let frames = self.module.take(frames);
        let mut planes = vec![vec![0.0; frames]; self.module.channels().into()];
        for (channel, plane) in planes.iter_mut().enumerate() {
            self.module.plane(channel, plane);
        }
        planes
    }

    fn sample_rate(&self) -> u32 {
        self.module.sample_rate()
    }

    fn channel_mask(&self) -> u32 {
        self.module.channel_mask()
    }

    fn undecoded(&self) -> usize {
        self.module.undecoded()
    }

    fn end_offset(&self) -> u64 {
        self.module.end_offset() as u64
    }

    fn frames(&self) -> u64 {
        self.module.frames() as u64
    }

    fn packets(&self) -> (u32, u32) {
        (self.module.packets(), self.module.failures())
    }

    fn buffered_end(&self) -> f64 {
        self.module.buffered_end()
    }

    fn stated_duration(&self) -> Option<f64> {
        known(self.module.stated_duration())
    }

    fn estimated_duration(&mut self) -> Option<f64> {
        known(self.module.estimated_duration())
    }

    fn wants_end_probe(&self) -> bool {
        self.module.wants_end_probe()
    }

    fn probe_end(&mut self, bytes: &[u8]) {
        self.module.probe_end(bytes);
    }

    fn bytes_per_second(&self) -> f64 {
        self.module.bytes_per_second()
    }
}
