//! Every format by every encoder that Debian has, beside ffmpeg's decode of the same file: frame counts,
//! samples, seeks, damage, every split of the bytes. The files are made by `scripts/make-media.sh`; where
//! they were not, these tests fail.

mod early;
mod host;
mod matrix;

use std::path::PathBuf;

use tonearm_formats::{Advance, HostDecoders, Planes, Sniffed, Track, TrackError, sniff};

/// A file of the matrix.
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    /// ffmpeg's decode, interleaved.
    pub reference: Vec<f32>,
}

impl File {
    /// Whether its name ends so.
    pub fn is(&self, end: &str) -> bool {
        self.name.ends_with(end)
    }
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "target", "formats"].iter().collect()
}

/// All files whose names end so, at least one for each end. Where they were not made a test that is about
/// them fails, unless `TONEARM_WITHOUT_FORMATS` says that it is left out.
pub fn files(ends: &[&str]) -> Vec<File> {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        assert!(
            std::env::var_os("TONEARM_WITHOUT_FORMATS").is_some(),
            "no files of every format here: scripts/make-media.sh makes them, TONEARM_WITHOUT_FORMATS=1 leaves these tests out"
        );
        return Vec::new();
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    let made = names.into_iter().filter(|name| folder().join(format!("{name}.f32")).exists());
    let wanted: Vec<_> = made.filter(|name| ends.iter().any(|end| name.ends_with(end))).collect();
    for end in ends {
        assert!(wanted.iter().any(|name| name.ends_with(end)), "no file {end}: scripts/make-media.sh");
    }
    wanted
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(folder().join(&name)).unwrap();
            let reference = std::fs::read(folder().join(format!("{name}.f32"))).unwrap();
            let reference =
                reference.chunks_exact(4).map(|sample| f32::from_le_bytes(sample.try_into().unwrap()));
            File { name, bytes, reference: reference.collect() }
        })
        .collect()
}

/// Opens a track by what its bytes are.
pub fn open(bytes: &[u8], start: f64) -> Option<Track> {
    open_of(bytes, start, Some(bytes.len() as u64))
}

/// The same for a file whose length in bytes may not be known.
pub fn open_of(bytes: &[u8], start: f64, total: Option<u64>) -> Option<Track> {
    let mut at = 0;
    let family = loop {
        match sniff(&bytes[at..]) {
            Sniffed::Family(family) => break family,
            Sniffed::Behind(tag) => at += tag as usize,
            _ => return None,
        }
    };
    let mut track = Track::new(family, start, HostDecoders::default())?;
    if let Some(total) = total {
        track.set_total_bytes(total);
    }
    Some(track)
}

/// Gives a track the bytes it wants, from wherever it wants them, until it has `frames` ready or has ended.
pub fn feed(track: &mut Track, bytes: &[u8], piece: usize, frames: usize) -> Result<Planes, TrackError> {
    let mut out: Planes = Vec::new();
    let mut jumps = 0;
    loop {
        let advance = track.advance(4096);
        match advance {
            Advance::Failed(error) => return Err(error),
            Advance::NeedBytes | Advance::SeekSource => {
                jumps += u32::from(advance == Advance::SeekSource);
                assert!(jumps < 100, "the track jumps for ever");
                let at = (track.end_offset() as usize).min(bytes.len());
                if at == bytes.len() {
                    track.finish();
                } else {
                    track.push(&bytes[at..bytes.len().min(at.saturating_add(piece))]);
                }
            }
            Advance::Format(_) | Advance::Packet | Advance::Drain => {}
            Advance::Ready | Advance::End => {
                let planes = track.take(usize::MAX);
                out.resize(planes.len(), Vec::new());
                out.iter_mut().zip(planes).for_each(|(out, plane)| out.extend(plane));
                if advance == Advance::End || out.first().is_some_and(|plane| plane.len() >= frames) {
                    return Ok(out);
                }
            }
        }
    }
}

pub fn decode(bytes: &[u8], piece: usize) -> Result<(Planes, u32), TrackError> {
    let mut track = open(bytes, 0.0).ok_or(TrackError::Unsupported)?;
    let planes = feed(&mut track, bytes, piece, usize::MAX)?;
    Ok((planes, track.failures()))
}

/// The planes of interleaved samples.
pub fn planes_of(interleaved: &[f32], channels: usize) -> Planes {
    (0..channels)
        .map(|channel| interleaved.iter().skip(channel).step_by(channels).copied().collect())
        .collect()
}

/// Signal to noise of `got` against `want`, in decibels, over what both have.
pub fn snr(got: &[f32], want: &[f32]) -> f64 {
    let pairs = || got.iter().zip(want).map(|(&got, &want)| (f64::from(got), f64::from(want)));
    let signal: f64 = pairs().map(|(_, want)| want * want).sum();
    let noise: f64 = pairs().map(|(got, want)| (got - want) * (got - want)).sum();
    if noise == 0.0 { f64::INFINITY } else { 10.0 * (signal / noise).log10() }
}
