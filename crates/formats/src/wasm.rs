//! What a module tells its script: one function of numbers, so that every module's script is the same and no
//! code stands between. One instance holds one track. Bytes and samples are written and read in the module's
//! memory.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use crate::decode::Planes;
use crate::demux::Codec;
use crate::sniff::Family;
use crate::track::{Advance, Format, Host, Track, TrackError};

#[derive(Default)]
struct Module {
    track: Option<Track>,
    room: Vec<u8>,
    taken: Planes,
    /// What the host decoded, and where that lies.
    decoded: Planes,
    decoded_at: f64,
    /// Bytes a second that the link brings.
    rate: f64,
    format: Option<Format>,
    /// What was asked for last.
    bytes: Vec<u8>,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::default();
}

/// Does what `crates/media/js/track.js` numbers so, with one number, and gives one.
#[wasm_bindgen]
pub fn tell(what: u32, value: f64) -> f64 {
    MODULE.with(|module| module.borrow_mut().tell(what, value))
}

/// What is to be known of a track, by its number in `track.js`.
fn number(module: &mut Module, which: u32) -> f64 {
    let Some(track) = module.track.as_mut() else { return 0.0 };
    let format = module.format.as_ref();
    match which {
        0 => track.undecoded() as f64,
        1 => track.end_offset() as f64,
        2 => track.frames() as f64,
        3 => track.packets().into(),
        4 => track.failures().into(),
        5 => track.buffered_end(),
        6 => track.bytes_per_second(),
        7 => track.sample_rate().into(),
        8 => format.map_or(0.0, |format| format.channels.into()),
        9 => format.and_then(|format| format.duration).unwrap_or(f64::NAN),
        10 => format.map_or(0.0, |format| format.bit_rate.into()),
        11 => track.packet_at().0.map_or(-1.0, |at| at as f64),
        12 => track.tags().version.into(),
        13 => track.tags().loudness.track_gain.unwrap_or(f32::NAN).into(),
        14 => track.tags().loudness.track_peak.unwrap_or(f32::NAN).into(),
        15 => track.tags().loudness.album_gain.unwrap_or(f32::NAN).into(),
        16 => track.tags().loudness.album_peak.unwrap_or(f32::NAN).into(),
        17 => module.bytes.len() as f64,
        // The object type, where the codec's name does not say it all.
        18 => match track.stream().map(|stream| stream.codec) {
            Some(Codec::Aac(object)) => object.into(),
            _ => 0.0,
        },
        19 => track.stated_duration().unwrap_or(f64::NAN),
        20 => f64::from(u8::from(track.wants_tail())),
        22 => track.packet_at().1.into(),
        21 => format.map_or(0.0, |format| f64::from(u8::from(format.estimated))),
        23 => track.estimated_duration().unwrap_or(f64::NAN),
        24 => track.channel_mask().into(),
        _ => 0.0,
    }
}

/// Bytes of a track, by their number in `track.js`.
fn bytes(module: &mut Module, which: u32) {
    let Some(track) = module.track.as_mut() else { return };
    module.bytes = match which {
        0 => track.packet().to_vec(),
        1 => module.format.as_ref().map_or(Vec::new(), |format| format.codec.into()),
        2 => track.stream().map_or(Vec::new(), |stream| stream.configuration.clone()),
        // Names and values in turn, a zero behind each.
        3 => {
            let mut bytes = Vec::new();
            for (name, value) in &track.tags().texts {
                for part in [name.as_str(), "\0", value, "\0"] {
                    bytes.extend_from_slice(part.as_bytes());
                }
            }
            bytes
        }
        4 => track.tags().picture.as_ref().map_or(Vec::new(), |picture| picture.mime.clone().into_bytes()),
        _ => track.tags().picture.as_ref().map_or(Vec::new(), |picture| picture.bytes.clone()),
    };
}

impl Module {
    fn tell(&mut self, what: u32, value: f64) -> f64 {
        let whole = value as usize;
        match what {
            // The family, 8 more where the host decodes, 16 where AAC too.
            0 => {
                let family = Family::ALL.get(whole & 7).copied();
                let host = Host { others: whole & 8 != 0, aac: whole & 16 != 0 };
                self.track = family.and_then(|family| Track::new(family, 0.0, host));
                return f64::from(u8::from(self.track.is_some()));
            }
            1 => {
                self.room.resize(whole, 0);
                return self.room.as_ptr() as usize as f64;
            }
            7 => {
                let frames = self.track.as_mut().map_or(Planes::new(), |track| track.take(whole));
                self.taken = frames;
                return self.taken.first().map_or(0, Vec::len) as f64;
            }
            8 => return self.taken.get(whole).map_or(0, |plane| plane.as_ptr() as usize) as f64,
            9 => return number(self, whole as u32),
            10 => {
                bytes(self, whole as u32);
                return self.bytes.as_ptr() as usize as f64;
            }
            // Room for so many frames of what the host decoded; where each plane begins; where they lie; at
            // which rate.
            11 => {
                let channels = self.format.as_ref().map_or(0, |format| format.channels.into());
                self.decoded = vec![vec![0.0; whole]; channels];
                return 0.0;
            }
            12 => return self.decoded.get(whole).map_or(0, |plane| plane.as_ptr() as usize) as f64,
            13 => {
                self.decoded_at = value;
                return 0.0;
            }
            // What the link brings.
            17 => {
                self.rate = value;
                return 0.0;
            }
            _ => {}
        }
        let Some(track) = self.track.as_mut() else { return 0.0 };
        match what {
            2 => track.push(self.room.get(..whole).unwrap_or_default()),
            3 => track.finish(),
            4 if value < 0.0 => track.forget_total_bytes(),
            4 => track.set_total_bytes(value as u64),
            5 => track.seek(value),
            6 => {
                return match track.advance(whole) {
                    Advance::Ready => 0.0,
                    Advance::NeedBytes => 1.0,
                    Advance::Elsewhere => 2.0,
                    Advance::Format(format) => {
                        self.format = Some(format);
                        3.0
                    }
                    Advance::Packet => 4.0,
                    Advance::Drain => 5.0,
                    Advance::End => 6.0,
                    Advance::Failed(TrackError::Unsupported) => 7.0,
                    Advance::Failed(TrackError::Undecodable) => 8.0,
                    Advance::Failed(TrackError::Truncated) => 9.0,
                };
            }
            14 => {
                let at = (self.decoded_at >= 0.0).then_some(self.decoded_at as u64);
                track.decoded(std::mem::take(&mut self.decoded), at, whole as u32);
            }
            15 => track.drained(),
            16 => track.tail(self.room.get(..whole).unwrap_or_default()),
            18 => track.hurry(self.rate, whole as u64),
            _ => {}
        }
        0.0
    }
}
