//! The exports of a format's module. One instance holds one track.
//!
//! Arguments and results are numbers, booleans, enums and addresses in the module's memory: a script calls
//! the exports without glue, and the types that wasm-bindgen writes describe them as they are.

use std::cell::Cell;

use wasm_bindgen::prelude::*;

use crate::decode::Planes;
use crate::demux::Codec;
use crate::sniff::Family;
use crate::tags::Loudness;
use crate::track::{Advance, AdvanceCode, CodecName, Format, HostDecoders, Track};

struct Module {
    track: Track,
    format: Option<Format>,
    /// Bytes that the script writes before it calls [`push`] or [`probe_end`].
    input: Vec<u8>,
    /// Frames that [`take`] gave.
    taken: Planes,
    /// Frames that the script writes before it calls [`push_decoded`].
    decoded: Planes,
    tag_texts: Vec<u8>,
    /// Length of the bytes whose address an export returned last.
    bytes_length: usize,
}

thread_local! {
    /// The open track. It is taken out while an export works: after a trap there is none.
    static MODULE: Cell<Option<Box<Module>>> = const { Cell::new(None) };
}

#[inline(never)]
fn put_back(module: Box<Module>) {
    // The place is empty: to drop what it holds would be code that never runs.
    std::mem::forget(MODULE.replace(Some(module)));
}

/// Works on the module; before [`open`] the result is the default of its type.
fn with_module<T: Default>(work: impl FnOnce(&mut Module) -> T) -> T {
    let Some(mut module) = MODULE.take() else { return T::default() };
    let result = work(&mut module);
    put_back(module);
    result
}

/// Works on the track.
fn with_track<T: Default>(work: impl FnOnce(&mut Track) -> T) -> T {
    with_module(|module| work(&mut module.track))
}

/// An address, which a script gets as a number.
fn address<T>(values: &[T]) -> usize {
    values.as_ptr() as usize
}

fn plane_address(planes: &Planes, channel: usize) -> usize {
    planes.get(channel).map_or(0, |plane| address(plane))
}

/// The address of bytes that the script copies before the next call; [`bytes_length`] is their length.
fn lend(bytes: impl FnOnce(&mut Module) -> &[u8]) -> usize {
    with_module(|module| {
        let bytes = bytes(module);
        let (address, length) = (address(bytes), bytes.len());
        module.bytes_length = length;
        address
    })
}

/// Opens the track. Returns false where this module does not read the family.
#[wasm_bindgen]
pub fn open(
    #[wasm_bindgen(unchecked_param_type = "Family")] family: u8,
    start: f64,
    host_decodes: bool,
    host_decodes_aac: bool,
) -> bool {
    let host = HostDecoders { others: host_decodes, aac: host_decodes_aac };
    let family = Family::ALL.get(usize::from(family)).copied();
    let Some(track) = family.and_then(|family| Track::new(family, start.max(0.0), host)) else {
        return false;
    };
    put_back(Box::new(Module {
        track,
        format: None,
        input: Vec::new(),
        taken: Planes::new(),
        decoded: Planes::new(),
        tag_texts: Vec::new(),
        bytes_length: 0,
    }));
    true
}

/// Makes room for bytes of the file, and returns its address.
#[wasm_bindgen]
pub fn input(length: usize) -> usize {
    with_module(|module| {
        module.input.resize(length, 0);
        address(&module.input)
    })
}

/// Takes the bytes in the room of [`input`] as the file's next ones.
#[wasm_bindgen]
pub fn push() {
    with_module(|module| module.track.push(&module.input));
}

/// Takes the bytes in the room of [`input`] as the last ones of the file.
#[wasm_bindgen]
pub fn probe_end() {
    with_module(|module| module.track.probe_end(&module.input));
}

/// Ends the file.
#[wasm_bindgen]
pub fn finish() {
    with_track(Track::finish);
}

/// Sets the length of the file in bytes.
#[wasm_bindgen]
pub fn set_total_bytes(bytes: f64) {
    with_track(|track| track.set_total_bytes(bytes as u64));
}

/// Discards a length of the file that turned out wrong.
#[wasm_bindgen]
pub fn forget_total_bytes() {
    with_track(Track::forget_total_bytes);
}

/// Sets what the link transfers; see [`Track::set_link_rate`].
#[wasm_bindgen]
pub fn set_link_rate(bytes_per_second: f64, min_skip_bytes: f64) {
    with_track(|track| track.set_link_rate(bytes_per_second, min_skip_bytes as u64));
}

/// Seeks to a position in seconds.
#[wasm_bindgen]
pub fn seek(position: f64) {
    with_track(|track| track.seek(position));
}

/// Decodes until at least `frames` are ready.
#[wasm_bindgen]
pub fn advance(frames: usize) -> AdvanceCode {
    with_module(|module| {
        let advance = module.track.advance(frames);
        let code = advance.code();
        if let Advance::Format(format) = advance {
            module.format = Some(format);
        }
        code
    })
}

/// Takes up to `frames` of the ready frames, and returns how many there are.
#[wasm_bindgen]
pub fn take(frames: usize) -> usize {
    with_module(|module| {
        module.taken = module.track.take(frames);
        module.taken.first().map_or(0, Vec::len)
    })
}

/// The address of a channel of the frames that were taken; 0 where there is no such channel.
#[wasm_bindgen]
pub fn plane(channel: usize) -> usize {
    with_module(|module| plane_address(&module.taken, channel))
}

/// Undecoded bytes in memory.
#[wasm_bindgen]
pub fn undecoded() -> usize {
    with_track(|track| track.undecoded())
}

/// File offset of the next byte to push.
#[wasm_bindgen]
pub fn end_offset() -> f64 {
    with_track(|track| track.end_offset() as f64)
}

/// Frames that were decoded and kept since the start or the last seek.
#[wasm_bindgen]
pub fn frames() -> f64 {
    with_track(|track| track.frames() as f64)
}

/// Packets so far, lost ones included.
#[wasm_bindgen]
pub fn packets() -> u32 {
    with_track(|track| track.packets())
}

/// Packets that became silence.
#[wasm_bindgen]
pub fn failures() -> u32 {
    with_track(|track| track.failures())
}

/// End of what is in memory, in seconds.
#[wasm_bindgen]
pub fn buffered_end() -> f64 {
    with_track(|track| track.buffered_end())
}

/// Bytes for a second of audio on average; 0 before the format is known.
#[wasm_bindgen]
pub fn bytes_per_second() -> f64 {
    with_track(|track| track.bytes_per_second())
}

/// Rate of the frames that come out, in Hz; 0 before the format is known.
#[wasm_bindgen]
pub fn sample_rate() -> u32 {
    with_track(|track| track.sample_rate())
}

/// The speaker positions of the channels; see [`crate::demux::Stream::channel_mask`].
#[wasm_bindgen]
pub fn channel_mask() -> u32 {
    with_track(|track| track.channel_mask())
}

/// The length that the file states, in seconds, or NaN.
#[wasm_bindgen]
pub fn stated_duration() -> f64 {
    with_track(|track| track.stated_duration().unwrap_or(f64::NAN))
}

/// The length by the bytes so far, in seconds, or NaN.
#[wasm_bindgen]
pub fn estimated_duration() -> f64 {
    with_track(|track| track.estimated_duration().unwrap_or(f64::NAN))
}

/// Whether the last bytes of the file would give its length.
#[wasm_bindgen]
pub fn wants_end_probe() -> bool {
    with_track(|track| track.wants_end_probe())
}

fn with_format<T: Default>(read: impl FnOnce(&Format) -> T) -> T {
    with_module(|module| module.format.as_ref().map(read).unwrap_or_default())
}

/// The codec of the format.
#[wasm_bindgen]
pub fn codec() -> CodecName {
    with_format(|format| format.codec)
}

/// Channels of the format.
#[wasm_bindgen]
pub fn channels() -> u8 {
    with_format(|format| format.channels)
}

/// Bits per second of the format.
#[wasm_bindgen]
pub fn bit_rate() -> u32 {
    with_format(|format| format.bit_rate)
}

/// The length of the track when the format was recognised, in seconds, or NaN.
#[wasm_bindgen]
pub fn duration() -> f64 {
    with_format(|format| format.duration.unwrap_or(f64::NAN))
}

/// Whether [`duration`] is an estimate.
#[wasm_bindgen]
pub fn duration_estimated() -> bool {
    with_format(|format| format.estimated)
}

/// Length of the bytes whose address an export returned last.
#[wasm_bindgen]
pub fn bytes_length() -> usize {
    with_module(|module| module.bytes_length)
}

/// The packet that the host is to decode.
#[wasm_bindgen]
pub fn packet() -> usize {
    lend(|module| module.track.packet())
}

/// The place of the packet on the time line, in frames, or -1.
#[wasm_bindgen]
pub fn packet_position() -> f64 {
    with_track(|track| track.packet_at().0.map_or(-1.0, |at| at as f64))
}

/// Frames that the packet stands for, or 0.
#[wasm_bindgen]
pub fn packet_frames() -> u32 {
    with_track(|track| track.packet_at().1)
}

/// The object type of AAC (ISO/IEC 14496-3), or 0.
#[wasm_bindgen]
pub fn aac_object_type() -> u8 {
    with_track(|track| match track.stream().map(|stream| stream.codec) {
        Some(Codec::Aac(object_type)) => object_type,
        _ => 0,
    })
}

/// What the decoder must be given first; see [`crate::demux::Stream::configuration`].
#[wasm_bindgen]
pub fn configuration() -> usize {
    lend(|module| module.track.stream().map_or(&[], |stream| &stream.configuration))
}

/// Makes room for frames that the host decoded.
#[wasm_bindgen]
pub fn reserve_decoded(frames: usize) {
    with_module(|module| {
        let channels = module.format.as_ref().map_or(0, |format| format.channels.into());
        module.decoded = vec![vec![0.0; frames]; channels];
    });
}

/// The address of a channel of that room; 0 where there is no such channel.
#[wasm_bindgen]
pub fn decoded_plane(channel: usize) -> usize {
    with_module(|module| plane_address(&module.decoded, channel))
}

/// Takes the frames in that room. `position` is their place on the time line in frames, or -1.
#[wasm_bindgen]
pub fn push_decoded(position: f64, sample_rate: u32) {
    with_module(|module| {
        let at = (position >= 0.0).then_some(position as u64);
        module.track.decoded(std::mem::take(&mut module.decoded), at, sample_rate);
    });
}

/// The host has given all that it decoded.
#[wasm_bindgen]
pub fn drained() {
    with_track(Track::drained);
}

/// Changes when the tags do.
#[wasm_bindgen]
pub fn tags_version() -> u32 {
    with_track(|track| track.tags().version)
}

/// Names and values of the tags in turn, each followed by a zero.
#[wasm_bindgen]
pub fn tag_texts() -> usize {
    lend(|module| {
        module.tag_texts.clear();
        for (name, value) in &module.track.tags().texts {
            for part in [name.as_str(), "\0", value, "\0"] {
                module.tag_texts.extend_from_slice(part.as_bytes());
            }
        }
        &module.tag_texts
    })
}

/// The picture's MIME type; no bytes where there is no picture.
#[wasm_bindgen]
pub fn picture_type() -> usize {
    lend(|module| module.track.tags().picture.as_ref().map_or(&[], |picture| picture.mime.as_bytes()))
}

/// The picture's bytes.
#[wasm_bindgen]
pub fn picture() -> usize {
    lend(|module| module.track.tags().picture.as_ref().map_or(&[], |picture| &picture.bytes))
}

fn with_loudness(read: impl FnOnce(&Loudness) -> Option<f32>) -> f32 {
    with_track(|track| read(&track.tags().loudness).unwrap_or(f32::NAN))
}

/// Gain for the track in dB, or NaN.
#[wasm_bindgen]
pub fn track_gain() -> f32 {
    with_loudness(|loudness| loudness.track_gain)
}

/// Peak of the track, or NaN.
#[wasm_bindgen]
pub fn track_peak() -> f32 {
    with_loudness(|loudness| loudness.track_peak)
}

/// Gain for the album in dB, or NaN.
#[wasm_bindgen]
pub fn album_gain() -> f32 {
    with_loudness(|loudness| loudness.album_gain)
}

/// Peak of the album, or NaN.
#[wasm_bindgen]
pub fn album_peak() -> f32 {
    with_loudness(|loudness| loudness.album_peak)
}
