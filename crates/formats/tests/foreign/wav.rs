//! WAVE: placeholders for lengths, and what other programs write.

use tonearm_formats::TrackError;

use super::support::{feed, file, open, play, play_bytes};

/// Frames by `ffmpeg -i FILE -f s16le -`.
#[test]
fn the_size_of_the_file_decides() {
    for (name, frames) in [
        ("espeak.wav", 57_056),
        ("w-neardata.wav", 22_050),
        ("w-truncated.wav", 22_050),
        ("w-bw64.wav", 22_050),
    ] {
        let played = play(name);
        assert_eq!((played.total(), played.failures), (frames, 0), "{name}");
        let seconds = frames as f64 / 22_050.0;
        assert_eq!(played.formats[0].duration, Some(seconds), "{name}");
        assert!((played.duration - seconds).abs() < 1e-9, "{name}");
    }
    let bytes = file("w-bw64.wav");
    let data = bytes.windows(4).position(|id| id == b"data").unwrap();
    for stated in [0, 0x7fff_0000, 0x7fff_f000, 0x8000_0000, u32::MAX - 1, u32::MAX, 44_102, 1 << 30] {
        let mut bytes = bytes.clone();
        bytes[data + 4..data + 8].copy_from_slice(&stated.to_le_bytes());
        assert_eq!(play_bytes(&bytes).unwrap().total(), 22_050, "{stated}");
    }
    // Without a length of the file a placeholder is none of its own: to the last byte, and no error.
    let mut bytes = file("espeak.wav");
    for stated in [0u32, 0x7fff_f000, u32::MAX] {
        bytes[40..44].copy_from_slice(&stated.to_le_bytes());
        let mut track = open(&bytes, false).unwrap();
        let played = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
        assert_eq!((played.total(), played.formats[0].duration), (57_056, None), "{stated}");
    }
}

/// `dwChannelMask` of an extensible header.
const MASK: u32 = 0x3ff;

/// A header of `fmt ` fields, and samples behind it.
fn wave(mark: [u8; 4], extensible: bool, (channels, rate, bits): (u16, u32, u16), samples: &[u8]) -> Vec<u8> {
    let big = &mark == b"RIFX";
    let two = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let four = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let align = channels * bits / 8;
    let mut format = Vec::new();
    format.extend(two(if extensible { 0xfffe } else { 1 }));
    format.extend(two(channels));
    format.extend(four(rate));
    format.extend(four(rate * u32::from(align)));
    format.extend(two(align));
    format.extend(two(bits));
    if extensible {
        format.extend(two(22));
        format.extend(two(bits));
        format.extend(four(MASK));
        format.extend(two(1));
        format.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    }
    let mut bytes = mark.to_vec();
    bytes.extend(four(36 + samples.len() as u32));
    bytes.extend(b"WAVEfmt ");
    bytes.extend(four(format.len() as u32));
    bytes.extend(&format);
    bytes.extend(b"data");
    bytes.extend(four(samples.len() as u32));
    bytes.extend(samples);
    bytes
}

#[test]
fn the_highest_byte_may_come_first() {
    let bytes = wave(*b"RIFX", false, (2, 44_100, 16), &[0x40, 0, 0xc0, 0, 0x20, 0, 0, 0]);
    let played = play_bytes(&bytes).unwrap();
    assert_eq!(played.planes, [vec![0.5, 0.25], vec![-0.5, 0.0]]);
}

#[test]
fn a_tag_may_stand_in_front() {
    let tag = [b"ID3\x04\0\0\0\0\x02\0".as_slice(), &[0; 256]].concat();
    let bytes = [tag, wave(*b"RIFF", false, (1, 22_050, 16), &[1; 2000])].concat();
    assert_eq!(play_bytes(&bytes).unwrap().total(), 1000);
}

#[test]
fn many_channels_and_high_rates() {
    for (channels, rate) in [(10, 48_000), (2, 768_000), (32, 1000)] {
        let samples = vec![1; usize::from(channels) * 2 * 500];
        let played = play_bytes(&wave(*b"RIFF", true, (channels, rate, 16), &samples)).unwrap();
        assert_eq!((played.total(), played.planes.len()), (500, channels.into()), "{channels} at {rate}");
    }
    for (channels, rate) in [(33, 48_000), (2, 768_001), (2, 999), (0, 48_000), (1, 0)] {
        let bytes = wave(*b"RIFF", true, (channels, rate, 16), &[1; 4000]);
        assert_eq!(play_bytes(&bytes).err(), Some(TrackError::Unsupported), "{channels} at {rate}");
    }
}

#[test]
fn an_extensible_header_says_where_channels_are_heard() {
    for (mark, extensible, mask) in [(*b"RIFF", true, MASK), (*b"RIFX", true, MASK), (*b"RIFF", false, 0)] {
        let bytes = wave(mark, extensible, (4, 48_000, 16), &[1; 800]);
        let mut track = open(&bytes, true).unwrap();
        assert_eq!(feed(&mut track, &bytes, 5000, usize::MAX).unwrap().total(), 100);
        assert_eq!(track.channel_mask(), mask);
    }
}

/// A length that turns out to be that of something else, a coded body, cuts nothing off.
#[test]
fn a_length_that_is_wrong_may_be_forgotten() {
    let bytes = file("espeak.wav");
    let mut track = open(&bytes, false).unwrap();
    track.set_total_bytes(50_000);
    track.push(&bytes[..40_000]);
    while track.ready_frames() < 10_000 {
        track.advance(10_000);
    }
    assert_eq!(track.stated_duration(), Some(f64::from((50_000 - 44) / 2) / 22_050.0));
    track.push(&bytes[40_000..60_000]);
    track.forget_total_bytes();
    let begun = track.take(usize::MAX)[0].len();
    let played = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
    assert_eq!(begun + played.total(), 57_056);
    assert!((played.duration - 57_056.0 / 22_050.0).abs() < 1e-9, "{}", played.duration);
}

#[test]
fn a_seek_asks_for_no_byte_behind_the_file() {
    let bytes = file("espeak.wav");
    let mut track = open(&bytes, true).unwrap();
    feed(&mut track, &bytes, 5000, 1000).unwrap();
    for seconds in [1.0, 1e9, 1e300, 2.0] {
        track.seek(seconds);
        let played = feed(&mut track, &bytes, 5000, usize::MAX).unwrap();
        let left = 57_056usize.saturating_sub((seconds * 22_050.0) as usize);
        assert!(
            played.total() == left && played.furthest <= bytes.len() as u64,
            "{seconds}: {}",
            played.total()
        );
    }
}
