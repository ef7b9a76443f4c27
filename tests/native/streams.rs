//! Tracks whose format changes under way, and samples that no decoder should give: over a fake track, and
//! over a real chain.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tonearm_formats::{Advance as Decoded, CodecName, END_PROBE_BYTES, Family, Format, Planes};
use tonearm_media::native::open;
use tonearm_media::plane::{MediaPlane, Output};
use tonearm_media::response::ResponseFields;
use tonearm_media::source::{Advance, FormatTrack, Source};
use tonearm_messages::{BodyEnd, Command, Fact, READ_AHEAD_BYTES, Request, ResponseHead};

/// One part of a fake track.
#[derive(Clone)]
enum Part {
    Format(u32, u8),
    Packet(usize),
    Samples(Planes),
    /// The track goes to another place of the file.
    Jump(u64),
}

/// Gives its parts one by one; each byte that is pushed is read away.
struct FakeTrack {
    parts: VecDeque<Part>,
    format: (u32, u8),
    ready: Planes,
    frames: u64,
    pushed: u64,
    seeks: Vec<f64>,
    /// Frames are left when a format comes, as many as a packet has.
    leaves_frames: bool,
    undecoded: usize,
    /// Lengths of the file's ends that were taken.
    tails: Rc<RefCell<Vec<usize>>>,
}

impl FakeTrack {
    fn new(parts: Vec<Part>) -> Self {
        let parts = parts.into();
        Self {
            parts,
            format: (0, 0),
            ready: Vec::new(),
            frames: 0,
            pushed: 0,
            seeks: Vec::new(),
            leaves_frames: false,
            undecoded: 0,
            tails: Rc::default(),
        }
    }
}

impl FormatTrack for FakeTrack {
    fn set_total_bytes(&mut self, _: u64) {}
    fn push(&mut self, bytes: &[u8]) {
        self.pushed += bytes.len() as u64;
    }
    fn finish(&mut self) {}
    fn set_link_rate(&mut self, _: f64, _: f64) {}
    fn seek(&mut self, position: f64) {
        self.seeks.push(position);
        self.ready.iter_mut().for_each(Vec::clear);
    }
    fn advance(&mut self, frames: usize) -> Decoded {
        loop {
            if self.ready.first().is_some_and(|plane| plane.len() >= frames) && !self.leaves_frames {
                return Decoded::Ready;
            }
            match self.parts.pop_front() {
                None => {
                    return if self.ready.iter().any(|plane| !plane.is_empty()) {
                        Decoded::Ready
                    } else {
                        Decoded::End
                    };
                }
                Some(Part::Format(sample_rate, channels)) => {
                    self.format = (sample_rate, channels);
                    let first = self.ready.first().cloned().unwrap_or_default();
                    self.ready.resize(channels.into(), first);
                    return Decoded::Format(Format {
                        codec: CodecName::Pcm,
                        sample_rate,
                        channels,
                        duration: None,
                        estimated: true,
                        bit_rate: 0,
                    });
                }
                Some(Part::Packet(frames)) => {
                    self.frames += frames as u64;
                    self.ready.iter_mut().for_each(|plane| plane.resize(plane.len() + frames, 0.25));
                }
                Some(Part::Jump(offset)) => {
                    self.pushed = offset;
                    return Decoded::SeekSource;
                }
                Some(Part::Samples(planes)) => {
                    for (ready, plane) in self.ready.iter_mut().zip(planes) {
                        ready.extend(plane);
                    }
                }
            }
        }
    }
    fn take(&mut self, frames: usize) -> Planes {
        let len = self.ready.first().map_or(0, Vec::len).min(frames);
        self.ready.iter_mut().map(|plane| plane.drain(..len).collect()).collect()
    }
    fn sample_rate(&self) -> u32 {
        self.format.0
    }
    fn undecoded(&self) -> usize {
        self.undecoded
    }
    fn end_offset(&self) -> u64 {
        self.pushed
    }
    fn frames(&self) -> u64 {
        self.frames
    }
    fn packets(&self) -> (u32, u32) {
        (0, 0)
    }
    fn buffered_end(&self) -> f64 {
        f64::MAX
    }
    fn stated_duration(&self) -> Option<f64> {
        None
    }
    fn wants_end_probe(&self) -> bool {
        true
    }
    fn probe_end(&mut self, bytes: &[u8]) {
        self.tails.borrow_mut().push(bytes.len());
    }
    fn bytes_per_second(&self) -> f64 {
        0.0
    }
}

/// A source with a track of these parts.
fn source(parts: Vec<Part>, speed: f64, leaves_frames: bool) -> Source<FakeTrack> {
    let mut source = Source::new(48_000, 0.0, speed);
    source.push(b"fLaC............");
    assert!(matches!(source.advance(1), Advance::Open(Family::Flac)));
    source.set_track(FakeTrack { leaves_frames, ..FakeTrack::new(parts) }, false);
    source
}

/// Plays all of it: what comes out, or that it is refused.
fn play(source: &mut Source<FakeTrack>) -> Option<Planes> {
    let mut out: Planes = vec![Vec::new(); 2];
    for _ in 0..100_000 {
        let advance = source.advance(4096);
        let planes = source.take(4096);
        assert!(planes.iter().all(|plane| plane.len() == planes[0].len()), "planes of unequal length");
        let left = planes.first().cloned().unwrap_or_default();
        let right = planes.get(1).cloned().unwrap_or_else(|| left.clone());
        out[0].extend(left);
        out[1].extend(right);
        match advance {
            Advance::End if source.ready_frames() == 0 => return Some(out),
            Advance::Failed(_) => return None,
            _ => {}
        }
    }
    panic!("no end");
}

#[test]
fn a_track_that_changes_rate_and_channels_with_every_packet_plays_to_its_length() {
    for (speed, leaves) in [(1.0, false), (1.0, true), (1.5, false), (0.25, true), (4.0, false)] {
        let mut parts = Vec::new();
        let mut seconds = 0.0;
        for n in 0..60usize {
            let (rate, channels) = ([48_000, 44_100, 8_000, 96_000][n % 4], [1, 2, 6, 1, 2, 8, 3][n % 7]);
            parts.push(Part::Format(rate, channels));
            parts.push(Part::Packet(700 + 100 * n));
            seconds += (700 + 100 * n) as f64 / f64::from(rate);
        }
        let mut source = source(parts, speed, leaves);
        let out = play(&mut source).expect("it plays");
        let want = seconds / speed * 48_000.0;
        let got = out[0].len() as f64;
        assert!((got - want).abs() < 60.0, "{got} frames for {want} at {speed} times, leaves {leaves}");
        // A constant stays one, but for the filter's edges at each join.
        let quiet = out[0].iter().filter(|sample| sample.abs() < 0.1).count();
        assert!(quiet < out[0].len() / 5, "{quiet} of {} frames are silent", out[0].len());
    }
}

#[test]
fn a_mono_stream_after_a_stereo_one_is_on_both_sides() {
    let left_only = vec![vec![0.5; 5000], vec![-0.5; 5000]];
    let parts = vec![
        Part::Format(48_000, 2),
        Part::Samples(left_only),
        Part::Format(48_000, 1),
        Part::Samples(vec![vec![0.25; 5000]]),
    ];
    let out = play(&mut source(parts, 1.0, false)).unwrap();
    assert_eq!((out[0].len(), out[1].len()), (10_000, 10_000));
    assert_eq!((out[0][100], out[1][100], out[1][4999]), (0.5, -0.5, -0.5));
    assert_eq!((out[0][9000], out[1][9000]), (0.25, 0.25));
}

#[test]
fn rates_and_channels_that_no_music_has_are_refused() {
    for (rate, channels) in [(1, 2), (999, 2), (768_001, 2), (u32::MAX, 1), (44_100, 0), (44_100, 33)] {
        let parts = vec![Part::Format(rate, channels), Part::Packet(1000)];
        assert!(play(&mut source(parts, 1.0, false)).is_none(), "{rate} Hz, {channels} channels");
    }
    for (rate, channels) in [(1_000, 1), (768_000, 32)] {
        let parts = vec![Part::Format(rate, channels), Part::Packet(1000)];
        assert!(play(&mut source(parts, 1.0, false)).is_some(), "{rate} Hz, {channels} channels");
    }
}

#[test]
fn samples_far_beyond_full_scale_leave_clamped_and_are_counted() {
    for rate in [48_000, 44_100] {
        let wild = vec![[0.1, f32::NAN, f32::INFINITY, -1e20, 5.0].repeat(1000)];
        let parts = vec![Part::Format(rate, 1), Part::Packet(1000), Part::Samples(wild), Part::Packet(1000)];
        let mut source = source(parts, 1.0, false);
        let out = play(&mut source).unwrap();
        assert!(out[0].iter().all(|sample| sample.abs() <= 4.0), "at {rate} Hz");
        assert!(out[0].iter().any(|sample| sample.abs() > 3.0));
        assert_eq!(source.packets().1, 1);
        // What comes after is as it was: nothing of it stays in the filter.
        let last = out[0][out[0].len() - 300];
        assert!((last - 0.25).abs() < 0.01, "{last} at {rate} Hz");
    }
}

#[test]
fn decoded_frames_serve_a_seek_and_another_rate() {
    let parts = vec![Part::Format(48_000, 1); 1]
        .into_iter()
        .chain((0..200).map(|n| Part::Samples(vec![vec![n as f32 / 200.0; 1000]])));
    let mut source = source(parts.collect(), 1.0, false);
    while source.ready_frames() < 100_000 {
        source.advance(100_000);
    }
    source.played(0.5);
    // Back to the first second, at the rate of 1: the very samples.
    assert!(!source.seek(1.0, 1.0, true), "the track was sent away");
    source.advance(10_000);
    let planes = source.take(10_000);
    assert_eq!((planes[0][0], planes[0][5000]), (48.0 / 200.0, 53.0 / 200.0));
    assert!(!source.seek(1.0, 2.0, true));
    source.advance(10_000);
    let planes = source.take(10_000);
    assert!((planes[0][5000] - 58.0 / 200.0).abs() < 0.01, "{}", planes[0][5000]);
    // A second is kept before what was played; what is older is not.
    source.played(1.0);
    assert!(source.seek(0.5, 1.0, true));
}

/// Without jumps a seek reads on, or from the start: the track is never asked for a guess.
#[test]
fn a_seek_without_jumps_reads_on_or_from_the_start() {
    let parts: Vec<Part> = std::iter::once(Part::Format(48_000, 1))
        .chain((0..4000).map(|n| Part::Samples(vec![vec![n as f32 / 4000.0; 1000]])))
        .collect();
    let mut forward = source(parts.clone(), 1.0, false);
    while forward.ready_frames() < 100 {
        forward.advance(100);
    }
    assert!(!forward.seek(60.0, 1.0, false));
    while forward.ready_frames() < 100 {
        assert_eq!(forward.advance(100), Advance::Ready);
    }
    assert_eq!(forward.take(1)[0][0], 2880.0 / 4000.0);
    // Back: all of it again, from the first frame on.
    assert!(forward.seek(2.0, 1.0, false));
}

/// Two streams of one file, of other channels, at an output of another rate.
#[test]
fn a_chain_of_two_streams_plays_to_its_length() {
    let bytes = std::fs::read(format!("{}/tests/media/chain-small.ogg", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (output, speed) in [(48_000, 1.0), (44_100, 1.0), (16_000, 1.0), (48_000, 1.3)] {
        let mut source = Source::new(output, 0.0, speed);
        source.set_total_bytes(bytes.len() as u64);
        source.push(&bytes);
        source.finish();
        let (mut frames, mut formats, mut file_frames) = (0u64, Vec::new(), 0.0);
        loop {
            let advance = source.advance(4096);
            let planes = source.take(usize::MAX);
            assert!(planes.iter().all(|plane| plane.len() == planes[0].len()));
            frames += planes.first().map_or(0, Vec::len) as u64;
            match advance {
                Advance::Open(family) => source.set_track(open(family, 0.0).unwrap(), false),
                Advance::Format(format) => formats.push((format.sample_rate, format.channels)),
                Advance::End if source.ready_frames() == 0 => break,
                Advance::Failed(error) => panic!("{error:?}"),
                _ => {}
            }
            file_frames = source.frames() as f64;
        }
        assert!(formats.len() >= 2 && formats[0] != formats[1], "{formats:?}");
        // Two streams of a second; ffmpeg 5.1 gives 31,744 of their 32,000 frames at 16 kHz.
        let want = 2.0 * f64::from(output) / speed;
        assert!((frames as f64 - want).abs() < 40.0, "{frames} frames for {want}; {file_frames} of the file");
    }
}

/// The end of the file is fetched out of turn, and taken where it is whole.
fn fetch_tail(content_range: Option<u64>, bytes: usize, end: BodyEnd) -> (Vec<usize>, bool) {
    let total = 10 << 20;
    let mut plane = MediaPlane::default();
    let request = Request { id: 1, offset: 0, headers: None };
    let url = "https://x.example/a.flac".into();
    let (epoch, output_rate, position, speed) = (1, 48_000, 0.0, 1.0);
    plane.handle_command(
        0.0,
        Command::Open { epoch, url, credentials: false, output_rate, position, speed, request },
    );
    let head =
        |status| ResponseHead { status, total_bytes: Some(total), ranges: true, ..ResponseHead::default() };
    plane.handle_head(0.0, 1, head(200), &ResponseFields::default());
    plane.handle_chunk(0.0, 1, b"fLaC............");
    let parts = std::iter::once(Part::Format(48_000, 1)).chain((0..300).map(|_| Part::Packet(1000)));
    let track = FakeTrack { undecoded: READ_AHEAD_BYTES, ..FakeTrack::new(parts.collect()) };
    let tails = Rc::clone(&track.tails);
    plane.handle_track(0.0, 1, Some(track));
    let mut wanted = None;
    let mut aborted = false;
    let mut drain = |plane: &mut MediaPlane<FakeTrack>| {
        loop {
            while let Some(output) = plane.poll_output() {
                match output {
                    Output::Post(Fact::BytesWanted { offset, .. }) => wanted = Some(offset),
                    Output::Abort { request: 2 } => aborted = true,
                    _ => {}
                }
            }
            if !plane.resume(0.0) {
                break;
            }
        }
        (wanted, aborted)
    };
    let offset = drain(&mut plane).0.expect("the end is asked for");
    assert_eq!(offset, total - END_PROBE_BYTES as u64);
    plane.handle_command(0.0, Command::Fetch { epoch, request: Request { id: 2, offset, headers: None } });
    let first = content_range.unwrap_or(offset);
    let lines = format!("content-range: bytes {first}-{}/{total}", total - 1);
    plane.handle_head(0.0, 2, head(206), &ResponseFields::from_lines(&lines));
    for piece in vec![0; bytes].chunks(64 << 10) {
        plane.handle_chunk(0.0, 2, piece);
    }
    plane.handle_body_end(0.0, 2, end);
    let (_, aborted) = drain(&mut plane);
    let tails = tails.borrow().clone();
    (tails, aborted)
}

#[test]
fn the_end_of_a_file_is_taken_whole_or_not_at_all() {
    let complete = BodyEnd::Complete {};
    assert_eq!(fetch_tail(None, END_PROBE_BYTES, complete), (vec![END_PROBE_BYTES], false));
    // A part of it would name another length.
    assert_eq!(fetch_tail(None, END_PROBE_BYTES - 1, complete), (vec![], false));
    assert_eq!(fetch_tail(None, 1000, BodyEnd::Failed {}), (vec![], true));
    assert_eq!(fetch_tail(Some(0), END_PROBE_BYTES, complete), (vec![], true));
    // More than was asked for is held up to a bound.
    assert_eq!(fetch_tail(None, 2 * END_PROBE_BYTES + 1, complete), (vec![], true));
}

/// Offsets that are asked for after a track has gone to a place.
fn asked_for(jump: u64, total_bytes: Option<u64>) -> Vec<u64> {
    let mut plane = MediaPlane::default();
    let request = Request { id: 1, offset: 0, headers: None };
    let url = "https://x.example/a.flac".into();
    let (epoch, output_rate, position, speed) = (1, 48_000, 0.0, 1.0);
    plane.handle_command(
        0.0,
        Command::Open { epoch, url, credentials: false, output_rate, position, speed, request },
    );
    let head = ResponseHead { status: 200, total_bytes, ranges: true, ..ResponseHead::default() };
    plane.handle_head(0.0, 1, head, &ResponseFields::default());
    plane.handle_chunk(0.0, 1, b"fLaC............");
    let parts = vec![Part::Format(48_000, 1), Part::Packet(1000), Part::Jump(jump), Part::Packet(1000)];
    plane.handle_track(0.0, 1, Some(FakeTrack::new(parts)));
    let mut asked = Vec::new();
    while plane.resume(0.0) {}
    while let Some(output) = plane.poll_output() {
        if let Output::Post(Fact::BytesWanted { offset, .. }) = output {
            asked.push(offset);
        }
    }
    asked
}

#[test]
fn no_offset_is_asked_for_that_no_file_has() {
    assert_eq!(asked_for(5000, None), [5000]);
    assert_eq!(asked_for(1 << 40, None), [1 << 40]);
    for absurd in [(1 << 40) + 1, 6_341_068_275_337_659_000, u64::MAX] {
        assert_eq!(asked_for(absurd, None), [0u64; 0]);
    }
    assert_eq!(asked_for(9_999, Some(10_000)), [9_999]);
    assert_eq!(asked_for(10_000, Some(10_000)), [0u64; 0]);
}

#[test]
fn a_tag_in_front_is_held_up_to_a_mebibyte() {
    for (size, held) in [(500_000usize, true), (1_100_000, false)] {
        let digits = [size >> 21, size >> 14, size >> 7, size].map(|part| (part & 0x7f) as u8);
        let mut bytes = b"ID3\x04\0\0".to_vec();
        bytes.extend(digits);
        bytes.resize(64 << 10, 0);
        let mut source: Source<FakeTrack> = Source::new(48_000, 0.0, 1.0);
        source.push(&bytes);
        let wanted = if held { Advance::NeedBytes } else { Advance::Open(Family::Mp3) };
        assert_eq!(source.advance(1), wanted, "a tag of {size} bytes");
    }
}
