//! Files of `tests/media`, and a host that gives a track the bytes that it asks for.

use tonearm_formats::{Advance, Format, HostDecoders, Planes, Sniffed, Track, TrackError, sniff};

/// A file of `tests/media`.
pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../tests/media/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What came of a file that was played to its end.
#[derive(Debug, Default)]
pub struct Played {
    /// Frames of each stream, at its own rate.
    pub frames: Vec<usize>,
    /// The formats that were announced.
    pub formats: Vec<Format>,
    /// Samples; of a second channel where any stream has one.
    pub planes: Planes,
    /// Packets that became silence.
    pub failures: u32,
    /// Length in seconds, once all is decoded.
    pub duration: f64,
    /// The largest offset that bytes were asked from.
    pub furthest: u64,
}

impl Played {
    pub fn total(&self) -> usize {
        self.frames.iter().sum()
    }
}

/// A track by what its bytes are; its length in bytes is known where `total` says so.
pub fn open(bytes: &[u8], total: bool) -> Option<Track> {
    let mut at = 0;
    let family = loop {
        match sniff(&bytes[at.min(bytes.len())..]) {
            Sniffed::Family(family) => break family,
            Sniffed::Behind(tag) => at += tag as usize,
            _ => return None,
        }
    };
    let mut track = Track::new(family, 0.0, HostDecoders::default())?;
    if total {
        track.set_total_bytes(bytes.len() as u64);
    }
    Some(track)
}

/// Plays from where the track is to its end, or until `most` frames came.
pub fn feed(track: &mut Track, bytes: &[u8], piece: usize, most: usize) -> Result<Played, TrackError> {
    let mut played = Played::default();
    let (mut jumps, mut calls) = (0, 0u32);
    loop {
        calls += 1;
        assert!(calls < 4_000_000, "the track does not come to an end");
        let advance = track.advance(4096);
        match advance {
            Advance::Failed(error) => return Err(error),
            Advance::NeedBytes | Advance::SeekSource => {
                jumps += u32::from(advance == Advance::SeekSource);
                assert!(jumps < 100, "the track jumps for ever");
                played.furthest = played.furthest.max(track.end_offset());
                let at = usize::try_from(track.end_offset()).unwrap().min(bytes.len());
                if at == bytes.len() {
                    track.finish();
                } else {
                    track.push(&bytes[at..bytes.len().min(at + piece)]);
                }
            }
            Advance::Format(format) => {
                played.formats.push(format);
                played.frames.push(0);
            }
            Advance::Packet | Advance::Drain => unreachable!("nothing is decoded by the host"),
            Advance::Ready | Advance::End => {
                let planes = track.take(usize::MAX);
                let frames = planes.first().map_or(0, Vec::len);
                if played.frames.is_empty() {
                    played.frames.push(0);
                }
                *played.frames.last_mut().unwrap() += frames;
                let before = played.planes.first().map_or(0, Vec::len);
                played.planes.resize(played.planes.len().max(planes.len()), vec![0.0; before]);
                for (channel, plane) in played.planes.iter_mut().enumerate() {
                    plane.extend(planes.get(channel).or(planes.first()).into_iter().flatten());
                }
                if advance == Advance::End || played.total() >= most {
                    played.failures = track.failures();
                    played.duration = track.buffered_end();
                    return Ok(played);
                }
            }
        }
    }
}

pub fn play(name: &str) -> Played {
    play_bytes(&file(name)).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

pub fn play_bytes(bytes: &[u8]) -> Result<Played, TrackError> {
    let mut track = open(bytes, true).ok_or(TrackError::Unsupported)?;
    feed(&mut track, bytes, 30_000, usize::MAX)
}

/// What the error is that a file is refused with.
pub fn refused(bytes: &[u8]) -> Option<TrackError> {
    play_bytes(bytes).err()
}

/// The longest run of silence, in frames of the first channel.
pub fn longest_silence(planes: &Planes) -> usize {
    let mut longest = (0, 0);
    for &sample in planes.first().into_iter().flatten() {
        let run = if sample.abs() < 1e-6 { longest.0 + 1 } else { 0 };
        longest = (run, longest.1.max(run));
    }
    longest.1
}
