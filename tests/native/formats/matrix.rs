use tonearm_base::random::Random;
use tonearm_formats::{Planes, TrackError};

use super::{File, decode, feed, files, open, open_of, planes_of, snr};

const ALL: [&str; 9] = [".mp3", ".aac", ".m4a", ".mp4", ".flac", ".ogg", ".oga", ".opus", ".wav"];
/// Frames of the source at 44.1 kHz, 48 kHz and 22.05 kHz: what a file that states its delay and its end must
/// give.
const MUSIC: usize = 308_700;
const FAST: usize = 336_000;

/// Where ffmpeg's decode is not the last word: frames that must come, and where in them its first frame lies.
fn expected(file: &File, channels: usize) -> (usize, i64) {
    match file.name.as_str() {
        // ffmpeg leaves what the encoder put behind the end: the edit list states it, to a thousandth of a
        // second.
        "at-the-end.m4a" | "faststart.m4a" => (MUSIC, 0),
        "opus-inside.mp4" => (FAST, 0),
        // The last sample states that it is shorter.
        "fragmented.m4a" => (FAST + 1024, 0),
        // ffmpeg plays a fragmented file with what the encoder put before the start.
        "indexed.m4a" => (MUSIC, -1024),
        // Shine states no delay: ffmpeg cuts off the decoder's own, we cut off nothing.
        "shine.mp3" => (file.reference.len() / channels + 529, 529),
        _ => (file.reference.len() / channels, 0),
    }
}

/// Least signal to noise beside ffmpeg's decode, in decibels: lossless is equal; the transform codecs differ
/// by rounding; of Opus' speech layer a decoder is free to filter otherwise (RFC 6716 section 6).
fn tolerance(name: &str) -> f64 {
    match name {
        "ffmpeg-voice.opus" => 30.0,
        _ if [".flac", ".oga", ".wav"].iter().any(|end| name.ends_with(end)) || name.starts_with("flac") => {
            f64::INFINITY
        }
        _ => 110.0,
    }
}

fn single(ends: &[&str]) -> impl Iterator<Item = File> {
    files(ends).into_iter().filter(|file| file.name != "chained.ogg")
}

#[test]
fn every_file_decodes_as_ffmpeg_has_it() {
    for file in single(&ALL) {
        let (planes, failures) = decode(&file.bytes, 30_000).unwrap();
        let (frames, shift) = expected(&file, planes.len());
        assert_eq!((planes[0].len(), failures), (frames, 0), "{}", file.name);
        for (plane, want) in planes.iter().zip(planes_of(&file.reference, planes.len())) {
            let ratio = match usize::try_from(shift) {
                Ok(shift) => snr(&plane[shift..], &want),
                Err(_) => snr(plane, &want[shift.unsigned_abs() as usize..]),
            };
            assert!(ratio >= tolerance(&file.name), "{}: {ratio:.1} dB", file.name);
        }
    }
}

/// Pieces so small that every header, page and table is cut at every place.
#[test]
fn every_split_gives_the_same() {
    for file in single(&ALL) {
        let (whole, _) = decode(&file.bytes, usize::MAX).unwrap();
        for piece in [17, 1021] {
            assert!(decode(&file.bytes, piece).unwrap().0 == whole, "{} in pieces of {piece}", file.name);
        }
    }
}

/// One track, sought forwards, backwards and to both ends.
#[test]
fn seeks_land_on_the_frame() {
    for file in single(&ALL) {
        let (whole, _) = decode(&file.bytes, 100_000).unwrap();
        let mut track = open(&file.bytes, 0.0).unwrap();
        feed(&mut track, &file.bytes, 9000, 1000).unwrap();
        let stream = track.stream().unwrap();
        let rate = f64::from(stream.sample_rate);
        // Streams of frames without an index are as exact as their mean bit rate.
        let exact = !file.is(".aac") && !matches!(file.name.as_str(), "lame-vbr.mp3" | "ffmpeg-abr.mp3");
        for seconds in [3.3, 5.9, 1.7, 6.9, 0.0, 2.2] {
            track.seek(seconds);
            let planes = feed(&mut track, &file.bytes, 9000, 4000).unwrap();
            let from = (seconds * rate).round() as usize;
            if !exact {
                // A length that is estimated is right within a tenth: the last tenth may be beyond it.
                let is_near_end = from > whole[0].len() / 10 * 9;
                assert!(!planes[0].is_empty() || is_near_end, "{} at {seconds}", file.name);
                continue;
            }
            let count = planes[0].len().min(whole[0].len() - from).min(4000);
            assert!(count >= 2000, "{} at {seconds}: {count} frames", file.name);
            let worst = (0..count).map(|n| (planes[0][n] - whole[0][from + n]).abs()).fold(0.0, f32::max);
            // Opus settles within 80 ms; AAC fills bands with noise of its own (perceptual noise
            // substitution).
            let settles =
                [".opus", ".m4a"].iter().any(|end| file.name.ends_with(end)) || file.name.starts_with("opus");
            let ratio = snr(&planes[0][..count], &whole[0][from..]);
            assert!(worst <= 1e-4 || (settles && ratio > 20.0), "{} at {seconds}: {ratio:.1} dB", file.name);
        }
        if !exact {
            continue;
        }
        track.seek(7.5);
        let rest = feed(&mut track, &file.bytes, 9000, usize::MAX).unwrap();
        assert!(
            rest.first().is_none_or(|plane| plane.len() < rate as usize),
            "{}: sound behind its end",
            file.name
        );
    }
}

/// Three thousand bytes in the middle are noise: the track keeps its length, and what is far from them is as
/// it was.
#[test]
fn a_corrupt_middle_is_silence_and_no_more() {
    for mut file in single(&ALL) {
        // Of a tag, a table or uncompressed samples no one can tell that they are damaged.
        if file.is(".wav") || file.name == "at-the-end.m4a" {
            continue;
        }
        let (whole, _) = decode(&file.bytes, 100_000).unwrap();
        let mut random = Random::seeded([5, 5]);
        let middle = file.bytes.len() / 2;
        file.bytes[middle..middle + 3000].fill_with(|| random.next_u64() as u8);
        let (planes, failures) =
            decode(&file.bytes, 30_000).unwrap_or_else(|error| panic!("{}: {error:?}", file.name));
        let lost = planes[0].len().abs_diff(whole[0].len());
        // Packets that are not found by headers, or that decode to noise, are no failures by themselves.
        let counted = file.is(".ogg") || file.is(".opus") || file.name.contains("flac");
        assert!(failures > 0 || !counted, "{}: damage was not noticed", file.name);
        let slack = if file.is(".aac") || file.name.starts_with("shine") { 8 * 1152 } else { 0 };
        assert!(lost <= slack, "{}: {} frames of {}", file.name, planes[0].len(), whole[0].len());
        // How many packets of many bit rates were lost is an estimate: what follows may be one off, the
        // length is not.
        if ["lame-vbr.mp3", "ffmpeg-abr.mp3"].contains(&file.name.as_str()) || slack > 0 {
            continue;
        }
        let tail = |planes: &Planes| planes[0][planes[0].len() - 20_000..].to_vec();
        assert!(snr(&tail(&planes), &tail(&whole)) > 40.0, "{}: the end is another one", file.name);
    }
}

/// An AAC decoder takes the channels of the first packet for all: one that is damaged must not silence the
/// track.
#[test]
fn a_damaged_first_packet_silences_no_more_than_a_few() {
    for mut file in files(&["faststart.m4a", "ffmpeg-48000.aac"]) {
        let (whole, _) = decode(&file.bytes, 100_000).unwrap();
        // An element of one channel where there are two.
        let first = if file.is(".aac") {
            7
        } else {
            file.bytes.windows(4).position(|kind| kind == b"mdat").unwrap() + 4
        };
        file.bytes[first] &= 0x1f;
        let (planes, failures) = decode(&file.bytes, 30_000).unwrap();
        let tail = |planes: &Planes| planes[0][planes[0].len() - 200_000..].to_vec();
        assert!((1..20).contains(&failures), "{}: {failures}", file.name);
        assert!(snr(&tail(&planes), &tail(&whole)) > 40.0, "{}: the rest is another one", file.name);
    }
}

/// A server may have half of a file as the whole: all of it is heard, and that is no error. Where no one says
/// how long it is, what the file states decides.
#[test]
fn a_file_that_was_cut_is_heard_to_its_last_byte() {
    for file in single(&ALL) {
        let half = &file.bytes[..file.bytes.len() / 2];
        let late_index = file.name.contains("inside") || file.name == "at-the-end.m4a";
        match decode(half, 30_000) {
            Err(error) => assert!(late_index && error == TrackError::Unsupported, "{}: {error:?}", file.name),
            Ok((planes, _)) => assert!(!planes[0].is_empty(), "{}", file.name),
        }
        let states = [".flac", ".wav"].iter().any(|end| file.name.ends_with(end))
            || ["faststart.m4a", "lame-vbr.mp3", "ffmpeg-abr.mp3"].contains(&file.name.as_str());
        if states {
            let mut track = open_of(half, 0.0, None).unwrap();
            let cut = feed(&mut track, half, 30_000, usize::MAX).err();
            assert_eq!(cut, Some(TrackError::Truncated), "{}", file.name);
        }
    }
}

#[test]
fn streams_in_a_chain_follow_each_other() {
    for file in files(&["chained.ogg"]) {
        let mut track = open(&file.bytes, 0.0).unwrap();
        let planes = feed(&mut track, &file.bytes, 5000, usize::MAX).unwrap();
        assert_eq!(planes[0].len(), MUSIC + FAST);
        assert!((track.buffered_end() - 14.0).abs() < 1e-6, "{}", track.buffered_end());
    }
}

#[test]
fn tags_are_read_in_every_container() {
    let tagged = [
        "lame-vbr.mp3",
        "ffmpeg-abr.mp3",
        "faststart.m4a",
        "flac.flac",
        "oggenc.ogg",
        "ffmpeg.ogg",
        "opusenc.opus",
    ];
    for file in single(&tagged) {
        let mut track = open(&file.bytes, 0.0).unwrap();
        feed(&mut track, &file.bytes, 5000, 1).unwrap();
        let tags = track.tags();
        assert_eq!(
            (tags.text("title"), tags.text("artist")),
            (Some("Äther"), Some("Tonearm")),
            "{}",
            file.name
        );
        let picture =
            ["lame-vbr.mp3", "faststart.m4a", "flac.flac", "opusenc.opus"].contains(&file.name.as_str());
        let mime = tags.picture.as_ref().map(|picture| picture.mime.as_str());
        assert_eq!(mime, picture.then_some("image/jpeg"), "{}", file.name);
        if ["ffmpeg-abr.mp3", "ffmpeg.ogg"].contains(&file.name.as_str()) {
            assert_eq!(tags.loudness.track_gain, Some(-3.25), "{}", file.name);
        }
    }
}
