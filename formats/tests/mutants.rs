//! Mutants of real files through every demuxer and decoder: no panic, no hang, memory within a bound, faults
//! in a row within theirs. `MUTANTS` says how many of each format (`npm run test:mutants`: 100,000); the seed
//! of one that fails is named.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use peak_alloc::PeakAlloc;
use tonearm_formats::decode::decoder;
use tonearm_formats::demux::{Demux, Step, Stream};
use tonearm_formats::{Advance, Family, HostDecoders, Planes, Track};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// Bytes of a file that are mutated: half a second, and all of its heads.
const FRONT: usize = 24 << 10;
/// A track may hold no more than this beside the bytes it was given: ten seconds of silence for a hole,
/// twice.
const MOST_BYTES: usize = 96 << 20;

/// xorshift64*: any seed gives the same mutant anywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end.max(1)
    }
}

/// Changes a few bytes, a number, a run, or the order.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        // Heads are where lies do most.
        let reach = if random.below(2) == 0 { bytes.len().min(700) } else { bytes.len() };
        let at = random.below(reach);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => {
                let value = [0, 1, 0x7f, 0x80, 0xff, 0xfe][random.below(6)];
                let end = bytes.len().min(at + 1 + random.below(8));
                bytes[at..end].fill(value);
            }
            3 => {
                let end = bytes.len().min(at + random.below(64));
                bytes.drain(at..end);
            }
            4 => {
                let end = bytes.len().min(at + random.below(64));
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(bytes.len() - random.below(bytes.len() / 2)),
        }
    }
}

/// Makes the checksums of Ogg's pages right again, so that what lies within is looked at.
fn mend_pages(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(4).position(|mark| mark == b"OggS") {
        at += found;
        let Some(&segments) = bytes.get(at + 26) else { return };
        let start = at + 27 + usize::from(segments);
        let Some(lacing) = bytes.get(at + 27..start) else { return };
        let end = start + lacing.iter().map(|&len| usize::from(len)).sum::<usize>();
        if let Some(page) = bytes.get_mut(at..end) {
            page[22..26].fill(0);
            let crc = page.iter().fold(0u32, |crc, &byte| {
                (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
                    if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
                })
            });
            page[22..26].copy_from_slice(&crc.to_le_bytes());
        }
        at += 4;
    }
}

/// Plays a file that may be anything, with a seek or two; panics where it does not come to an end.
fn play(family: Family, bytes: &[u8], random: &mut Random) {
    let mut track = Track::new(family, random.below(3) as f64 * 0.1, HostDecoders::default()).unwrap();
    track.set_total_bytes(bytes.len() as u64);
    let (piece, hurries) = (1 + random.below(5000), random.below(2) == 0);
    let (mut calls, mut seeks, mut jumps) = (0, random.below(3), 0);
    loop {
        calls += 1;
        assert!(calls < 400_000, "does not come to an end");
        match track.advance(4096) {
            Advance::Failed(_) => return,
            Advance::End if seeks == 0 => return,
            advance @ (Advance::NeedBytes | Advance::SeekSource) => {
                jumps += usize::from(advance == Advance::SeekSource);
                assert!(jumps < 2000, "jumps for ever");
                let at = usize::try_from(track.end_offset()).unwrap_or(usize::MAX).min(bytes.len());
                if at == bytes.len() {
                    track.finish();
                } else {
                    track.push(&bytes[at..bytes.len().min(at + piece)]);
                }
                if hurries {
                    track.set_link_rate(100_000.0, 300);
                }
            }
            Advance::Ready | Advance::End => {
                track.take(usize::MAX);
                if seeks > 0 && (calls % 3 == 0 || random.below(4) == 0) {
                    seeks -= 1;
                    track.seek(random.below(900) as f64 / 300.0);
                }
            }
            _ => {}
        }
    }
}

/// The packets of a sound file, and its stream.
fn packets(mut demuxer: Box<dyn Demux>, bytes: &[u8]) -> Option<(Stream, Vec<Vec<u8>>)> {
    demuxer.window().push(bytes);
    demuxer.window().finish();
    let (mut stream, mut packets) = (None, Vec::new());
    loop {
        match demuxer.step() {
            Ok(Step::Stream(found)) => stream = Some(found),
            Ok(Step::Packet(packet)) if packets.len() < 40 => packets.push(packet.bytes.to_vec()),
            Ok(Step::Lost { .. }) => {}
            _ => return Some((stream?, packets)),
        }
    }
}

fn demuxer(family: Family) -> Box<dyn Demux> {
    match family {
        Family::Mp3 => Box::<tonearm_formats::mp3::Demuxer>::default(),
        Family::Adts => Box::<tonearm_formats::adts::Demuxer>::default(),
        Family::Mp4 => Box::<tonearm_formats::mp4::Demuxer>::default(),
        Family::Flac => Box::<tonearm_formats::flac::Demuxer>::default(),
        Family::Wav => Box::<tonearm_formats::wav::Demuxer>::default(),
        _ => Box::<tonearm_formats::ogg::Demuxer>::default(),
    }
}

fn mutants() -> u64 {
    std::env::var("MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

fn front(path: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).ok()?;
    Some(bytes[..bytes.len().min(FRONT)].to_vec())
}

/// Runs one mutant after the other; names the seeds that fail.
fn survive(what: &str, mut one: impl FnMut(&mut Random)) {
    let mut failed = Vec::new();
    for seed in 1..=mutants() {
        PEAK.reset_peak_usage();
        let before = PEAK.current_usage();
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let survived = catch_unwind(AssertUnwindSafe(|| one(&mut random))).is_ok();
        let peak = PEAK.peak_usage().saturating_sub(before);
        if !survived || peak > MOST_BYTES {
            failed.push((seed, peak));
        }
        assert!(failed.len() < 5, "{what}: seeds and peak bytes {failed:?}");
    }
    assert!(failed.is_empty(), "{what}: seeds and peak bytes {failed:?}");
}

fn files(family: Family, paths: &[&str]) {
    let files: Vec<_> = paths.iter().filter_map(|path| front(path)).collect();
    if files.is_empty() {
        eprintln!("{family:?}: no files here (scripts/make-media.sh makes them)");
        return;
    }
    survive(&format!("{family:?} files"), |random| {
        let mut bytes = files[random.below(files.len())].clone();
        mutate(&mut bytes, random);
        if bytes.starts_with(b"OggS") && random.below(4) > 0 {
            mend_pages(&mut bytes);
        }
        play(family, &bytes, random);
    });
    let sound: Vec<_> = files.iter().filter_map(|bytes| packets(demuxer(family), bytes)).collect();
    survive(&format!("{family:?} packets"), |random| {
        let Some((stream, packets)) = sound.get(random.below(sound.len())) else { return };
        let mut stream = stream.clone();
        if random.below(8) == 0 {
            mutate(&mut stream.configuration, random);
        }
        let Some(mut decoder) = decoder(&stream) else { return };
        let mut out: Planes = vec![Vec::new(); stream.channels.into()];
        for packet in packets.iter().skip(random.below(packets.len())).take(3) {
            let mut packet = packet.clone();
            mutate(&mut packet, random);
            let _ = decoder.decode(&packet, &mut out);
        }
    });
}

macro_rules! survives {
    ($($name:ident: $family:ident, [$($path:literal),*];)*) => {$(
        #[test]
        fn $name() {
            files(Family::$family, &[$($path),*]);
        }
    )*};
}

survives! {
    mp3: Mp3, ["www/tracks/night-bus.mp3", "target/formats/lame-vbr.mp3", "target/formats/lame-mpeg2-mono.mp3"];
    adts: Adts, ["target/formats/ffmpeg.aac", "target/formats/ffmpeg-mono.aac"];
    mp4: Mp4, ["target/formats/faststart.m4a", "target/formats/fragmented.m4a", "target/formats/indexed.m4a"];
    flac: Flac, ["target/formats/flac.flac", "target/formats/flac-mono.flac", "target/formats/ffmpeg-24.flac"];
    vorbis: OggVorbis, ["target/formats/oggenc.ogg", "target/formats/ffmpeg.ogg", "target/formats/sox-mono.ogg"];
    opus: OggOpus, ["target/formats/opusenc.opus", "target/formats/ffmpeg-voice.opus", "target/formats/ffmpeg-fast.opus"];
    ogg_flac: OggFlac, ["target/formats/flac.oga", "target/formats/ffmpeg-flac.oga"];
    wav: Wav, ["target/formats/ffmpeg.wav", "target/formats/sox-alaw.wav", "target/formats/sox-24.wav"];
}
