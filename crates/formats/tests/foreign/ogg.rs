//! Ogg: chains, other streams, more than two channels, fake pages, seeks without a length.

use tonearm_formats::{Family, HostDecoders, Sniffed, Track, TrackError, sniff};

use super::support::{feed, file, open, play, play_bytes};

/// Frames by `ffmpeg -i FILE -f f32le -`: of `chain-same.ogg` 352,928, which is 128 more than both streams
/// state; of `chain-small.ogg`, whose second stream is mono, 31,744.
#[test]
fn every_stream_of_a_chain_is_heard() {
    for (name, frames, channels) in
        [("chain-same.ogg", [176_400, 176_400], [2, 2]), ("chain-small.ogg", [16_000, 16_000], [2, 1])]
    {
        let played = play(name);
        assert_eq!((played.frames.as_slice(), played.failures), (frames.as_slice(), 0), "{name}");
        assert_eq!([played.formats[0].channels, played.formats[1].channels], channels, "{name}");
        // The second has samples of its own on each side.
        assert!(played.planes[0][frames[0]..].iter().any(|sample| sample.abs() > 0.01), "{name}");
    }
}

#[test]
fn seeks_go_back_to_an_earlier_stream() {
    let bytes = file("chain-small.ogg");
    let mut track = open(&bytes, true).unwrap();
    let whole = feed(&mut track, &bytes, 3000, usize::MAX).unwrap();
    track.seek(0.5);
    let again = feed(&mut track, &bytes, 3000, usize::MAX).unwrap();
    assert_eq!(again.total(), 24_000);
    assert!(again.planes[0][8000..] == whole.planes[0][16_000..]);
    assert!((again.duration - 2.0).abs() < 1e-6);
}

/// ffmpeg: 192,000 and 96,000 frames.
#[test]
fn other_streams_are_ignored() {
    for (name, frames) in [("skeleton-opus.ogg", 192_000), ("theora-opus-small.ogg", 96_000)] {
        let bytes = file(name);
        assert_eq!(sniff(&bytes), Sniffed::Family(Family::OggOpus), "{name}");
        // However few bytes came, nothing else is guessed.
        for len in 0..200 {
            let early = sniff(&bytes[..len]);
            assert!(
                matches!(early, Sniffed::NeedBytes | Sniffed::Family(Family::OggOpus)),
                "{name} at {len}"
            );
        }
        let played = play(name);
        assert_eq!((played.total(), played.failures), (frames, 0), "{name}");
    }
}

/// ffmpeg: 192,000 frames of two and of six channels, in the order of WAVE.
#[test]
fn opus_of_more_channels() {
    let played = play("opus-fam1.opus");
    assert_eq!((played.total(), played.planes.len(), played.failures), (192_000, 2, 0));
    let played = play("opus51.opus");
    assert_eq!((played.total(), played.planes.len(), played.failures), (192_000, 6, 0));
    // Mean squares by `ffmpeg -i opus51.opus -af astats`, as RMS levels in dB.
    let level = |plane: &Vec<f32>| {
        let power = plane.iter().map(|&sample| f64::from(sample * sample)).sum::<f64>();
        10.0 * (power / plane.len() as f64).log10()
    };
    for (plane, want) in played.planes.iter().zip(LEVELS_51) {
        assert!((level(plane) - want).abs() < 0.5, "{} dB for {want}", level(plane));
    }
}

const LEVELS_51: [f64; 6] = [-13.46, -13.47, -22.99, -23.02, -22.99, -23.03];

/// A family without meanings, and tables that lie.
#[test]
fn channel_mappings_are_held_to_their_bounds() {
    let bytes = file("opus-fam1.opus");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        mend_first_page(&mut bytes);
        play_bytes(&bytes).map(|played| played.total())
    };
    let head = bytes.windows(8).position(|mark| mark == b"OpusHead").unwrap();
    assert_eq!(with(&|bytes| bytes[head + 18] = 255), Ok(192_000));
    for (what, at, value) in [
        ("a family that is reserved", 18, 2),
        ("no stream", 19, 0),
        ("more coupled than there are", 20, 9),
        ("a channel of no stream", 21, 77),
        ("no channel", 9, 0),
        ("more channels than the table has", 9, 8),
    ] {
        assert_eq!(with(&|bytes| bytes[head + at] = value), Err(TrackError::Unsupported), "{what}");
    }
}

/// Makes the checksum of the first page right again.
pub fn mend_first_page(bytes: &mut [u8]) {
    let segments = usize::from(bytes[26]);
    let end = 27 + segments + bytes[27..27 + segments].iter().map(|&len| usize::from(len)).sum::<usize>();
    bytes[22..26].fill(0);
    let crc = bytes[..end].iter().fold(0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
        })
    });
    bytes[22..26].copy_from_slice(&crc.to_le_bytes());
}

/// Each seems to be a page of 64 KB that begins anew every 32 bytes.
#[test]
fn fake_pages_are_given_up_after_bounded_work() {
    let mut page = b"OggS\0\0".to_vec();
    page.extend([0; 20]);
    page.push(255);
    page.resize(32, 255);
    let fake: Vec<u8> = page.iter().copied().cycle().take(4 << 20).collect();
    let mut track = Track::new(Family::OggVorbis, 0.0, HostDecoders::default()).unwrap();
    assert_eq!(feed(&mut track, &fake, 65_536, usize::MAX).err(), Some(TrackError::Unsupported));
    assert!(track.end_offset() < 1 << 20, "{} bytes were looked through", track.end_offset());
    // One that is damaged is no more than a hole.
    let mut bytes = file("chain-same.ogg");
    bytes[20_000] ^= 1;
    assert!(play_bytes(&bytes).unwrap().total() > 300_000);
}

#[test]
fn noise_before_the_first_page_has_a_bound() {
    let bytes = [vec![7; 1 << 20], file("chain-small.ogg")].concat();
    let mut track = Track::new(Family::OggVorbis, 0.0, HostDecoders::default()).unwrap();
    assert_eq!(feed(&mut track, &bytes, 65_536, usize::MAX).unwrap().total(), 32_000);
    let bytes = vec![7; 20 << 20];
    let mut track = Track::new(Family::OggVorbis, 0.0, HostDecoders::default()).unwrap();
    assert_eq!(feed(&mut track, &bytes, 65_536, usize::MAX).err(), Some(TrackError::Unsupported));
    assert!(track.end_offset() < 17 << 20, "{} bytes were looked through", track.end_offset());
}

/// No byte is asked for behind those that are known to be there, forwards or backwards.
#[test]
fn seeks_without_a_length_read_on() {
    for (name, rate, seconds) in [
        ("chain-same.ogg", 44_100.0, 3.0),
        ("skeleton-opus.ogg", 48_000.0, 3.5),
        ("id3v1.flac", 44_100.0, 3.0),
        ("frag-plain.m4a", 44_100.0, 3.0),
    ] {
        let bytes = file(name);
        let whole = play(name);
        let mut track = open(&bytes, false).unwrap();
        feed(&mut track, &bytes, 2000, 4000).unwrap();
        for at in [seconds, 1.0, 1e12, 0.25] {
            track.seek(at);
            let played = feed(&mut track, &bytes, 2000, 4000).unwrap();
            assert!(played.furthest <= bytes.len() as u64, "{name} at {at}: byte {}", played.furthest);
            if at < 1e9 {
                let from = (at * rate).round() as usize;
                let worst = (2000..4000)
                    .map(|n| (played.planes[0][n] - whole.planes[0][from + n]).abs())
                    .fold(0.0, f32::max);
                assert!(worst < 0.02, "{name} at {at}: {worst}");
            }
        }
    }
}

/// Where each page begins, and the end of the last.
fn pages(bytes: &[u8]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 0);
    while bytes[at..].starts_with(b"OggS") {
        places.push(at);
        let segments = usize::from(bytes[at + 26]);
        let lacing = &bytes[at + 27..at + 27 + segments];
        at += 27 + segments + lacing.iter().map(|&len| usize::from(len)).sum::<usize>();
    }
    places.push(at);
    places
}

/// The last pages of the file may be those of another stream with the same serial number, which is shorter:
/// nothing is cut off from the one before it.
#[test]
fn the_end_of_a_later_stream_is_not_that_of_an_earlier_one() {
    let first = file("opus-fam1.opus");
    let places = pages(&first);
    let second = &first[..places[places.len() - 3]];
    let bytes = [first.as_slice(), second].concat();
    let mut track = open(&bytes, true).unwrap();
    let begun = feed(&mut track, &bytes, 9000, 4000).unwrap();
    // Where the tail has the first page of another stream, it says nothing of this one's end.
    track.probe_end(&bytes[first.len() - 1000..]);
    assert_eq!(track.stated_duration(), None);
    track.probe_end(&bytes[bytes.len() - 30_000..]);
    let rest = feed(&mut track, &bytes, 9000, usize::MAX).unwrap();
    let of_second = play_bytes(second).unwrap().total();
    assert!(of_second < 192_000 - 4000, "{of_second}");
    assert_eq!(begun.total() + rest.total(), 192_000 + of_second);
    assert!((rest.duration - (192_000 + of_second) as f64 / 48_000.0).abs() < 1e-6, "{}", rest.duration);
}

/// A stream of headers alone ends, and another takes its place.
#[test]
fn a_stream_without_music_is_passed() {
    let bytes = file("opus-fam1.opus");
    let places = pages(&bytes);
    let mut empty = bytes[..places[1]].to_vec();
    let mut comments = bytes[places[1]..places[2]].to_vec();
    // The flag of a last page.
    comments[5] |= 4;
    mend_first_page(&mut comments);
    empty.extend(comments);
    let played = play_bytes(&[empty, bytes].concat()).unwrap();
    assert_eq!((played.total(), played.failures), (192_000, 0));
}

/// Vorbis has an order of its own; what is decoded is in that of WAVE: front left and right, centre, low,
/// back.
#[test]
fn six_channels_of_vorbis_are_in_the_order_of_wave() {
    let played = play("vorbis51.ogg");
    assert_eq!((played.total(), played.planes.len(), played.failures), (8000, 6, 0));
    // The power of a tone within a plane (Goertzel).
    let power = |plane: &[f32], hertz: f32| {
        let turn = std::f32::consts::TAU * hertz / 16_000.0;
        let part = |of: fn(f32) -> f32| {
            plane.iter().enumerate().map(|(n, sample)| sample * of(turn * n as f32)).sum::<f32>()
        };
        part(f32::sin).hypot(part(f32::cos))
    };
    let tones = [300.0, 500.0, 700.0, 80.0, 1100.0, 1300.0];
    for (channel, plane) in played.planes.iter().enumerate() {
        let loudest = tones.iter().copied().max_by(|&a, &b| power(plane, a).total_cmp(&power(plane, b)));
        assert_eq!(loudest, Some(tones[channel]), "channel {channel}");
    }
}
