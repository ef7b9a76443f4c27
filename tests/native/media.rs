//! The media plane over the demo's own tracks: every split of the bytes, damage, seeks, credits, the
//! read-ahead.

use tonearm_base::random::Random;
use tonearm_formats::demux::{Demux, DemuxError, Step};
use tonearm_formats::mp3::Demuxer;
use tonearm_formats::{Advance, Family, Track, TrackError};
use tonearm_media::native::{Native, open};
use tonearm_media::plane::{BLOCK_FRAMES, MediaPlane, Output};
use tonearm_media::response::ResponseFields;
use tonearm_messages::{
    BodyEnd, Command, Fact, MediaError, READ_AHEAD_BYTES, RING_SECONDS, Request, ResponseHead,
};

pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/www/tracks/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Frames of music in a track, as its LAME header states them: the seconds of the piece at its rate.
const TRACKS: [(&str, u32, u64); 3] = [
    ("first-light.mp3", 44_100, 64 * 44_100),
    ("night-bus.mp3", 44_100, 66 * 44_100),
    ("tide-table.mp3", 48_000, 78 * 48_000),
];

/// Decodes all of `bytes`, pushed in pieces of `piece`; frames and failures, or why not.
fn decode(bytes: &[u8], piece: usize) -> Result<(Vec<Vec<f32>>, u32), TrackError> {
    decode_of(bytes, bytes.len(), piece)
}

/// The same of a file that has `total` bytes.
fn decode_of(bytes: &[u8], total: usize, piece: usize) -> Result<(Vec<Vec<f32>>, u32), TrackError> {
    let mut track = mp3();
    track.set_total_bytes(total as u64);
    let mut pieces = bytes.chunks(piece);
    let mut out = vec![Vec::new(); 2];
    loop {
        match track.advance(BLOCK_FRAMES) {
            Advance::Failed(error) => return Err(error),
            Advance::NeedBytes => match pieces.next() {
                Some(piece) => track.push(piece),
                None => track.finish(),
            },
            advance => {
                for (out, plane) in out.iter_mut().zip(track.take(usize::MAX)) {
                    out.extend(plane);
                }
                if advance == Advance::End {
                    assert_eq!(track.frames(), out[0].len() as u64);
                    return Ok((out, track.failures()));
                }
            }
        }
    }
}

fn mp3() -> Track {
    open(Family::Mp3, 0.0).unwrap()
}

#[test]
fn tracks_have_the_length_of_their_music() {
    for (name, _, frames) in TRACKS {
        let (planes, failures) = decode(&file(name), 50_000).unwrap();
        assert_eq!((planes[0].len() as u64, failures), (frames, 0), "{name}");
        assert!(planes.iter().flatten().any(|sample| sample.abs() > 0.3), "{name} is silent");
    }
}

#[test]
fn every_split_gives_the_same_packets() {
    let bytes = &file("night-bus.mp3")[..60_000];
    let packets = |piece: usize| {
        let mut demuxer = Demuxer::default();
        let mut pieces = bytes.chunks(piece);
        let mut packets = Vec::new();
        loop {
            match demuxer.step() {
                Ok(Step::NeedBytes) => match pieces.next() {
                    Some(piece) => demuxer.window().push(piece),
                    None => return packets,
                },
                Ok(Step::Packet(packet)) => packets.push(packet.bytes.to_vec()),
                Ok(Step::Stream(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let whole = packets(usize::MAX);
    assert!(whole.len() > 100);
    for piece in [1, 2, 3, 7, 100, 417, 4096] {
        assert_eq!(packets(piece), whole, "in pieces of {piece}");
    }
}

#[test]
fn a_tag_of_any_size_is_stepped_over() {
    let original = file("first-light.mp3");
    let size = 3_000_000usize;
    let digits = [size >> 21, size >> 14, size >> 7, size].map(|part| (part & 0x7f) as u8);
    let mut bytes = b"ID3\x04\0\0".to_vec();
    bytes.extend(digits);
    bytes.extend(std::iter::repeat_n(0xff, size));
    bytes.extend(&original);
    let mut track = mp3();
    for piece in bytes.chunks(65_536) {
        track.push(piece);
        let _ = track.advance(1);
        // The tag is never held in memory.
        assert!(track.undecoded() < 1_200_000);
        if track.ready_frames() > 0 {
            return;
        }
    }
    panic!("no frame was found behind the tag");
}

/// Changes one byte in a hundred behind the information frame.
fn corrupted(mut bytes: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut random = Random::seeded([seed, 1]);
    for _ in 0..bytes.len() / 100 {
        let at = 1000 + random.next_u64() as usize % (bytes.len() - 1000);
        bytes[at] = random.next_u64() as u8;
    }
    bytes
}

#[test]
fn damaged_files_keep_their_length() {
    for seed in 0..10 {
        let (name, _, frames) = TRACKS[seed as usize % 3];
        let (planes, failures) = decode(&corrupted(file(name), seed), 30_000).unwrap();
        assert_eq!(planes[0].len() as u64, frames, "{name}, seed {seed}");
        assert!(failures > 0, "{name}, seed {seed}: damage was not noticed");
    }
}

#[test]
fn a_file_that_ends_early_says_so() {
    for (name, ..) in TRACKS {
        let bytes = file(name);
        let half = &bytes[..bytes.len() / 2];
        let error = decode_of(half, bytes.len(), 10_000).err();
        assert_eq!(error, Some(TrackError::Truncated), "{name}");
        // Served as the whole it is no error.
        assert!(decode(half, 10_000).is_ok_and(|(planes, _)| planes[0].len() > 44_100), "{name}");
    }
}

#[test]
fn what_is_no_mp3_is_refused() {
    let mut random = Random::seeded([8, 8]);
    let noise: Vec<u8> = (0..400_000).map(|_| random.next_u64() as u8).collect();
    assert_eq!(decode(&noise, 5000).unwrap_err(), TrackError::Unsupported);
    assert_eq!(decode(b"<!doctype html>", 5000).unwrap_err(), TrackError::Unsupported);
    assert_eq!(decode(b"", 5000).unwrap_err(), TrackError::Unsupported);
    let mut demuxer = Demuxer::default();
    demuxer.window().finish();
    assert_eq!(demuxer.step(), Err(DemuxError::Unsupported));
}

#[test]
fn a_seek_is_sample_exact_where_the_rate_is_constant() {
    for (name, rate) in [("first-light.mp3", 44_100), ("tide-table.mp3", 48_000)] {
        let bytes = file(name);
        let (whole, _) = decode(&bytes, 100_000).unwrap();
        for seconds in [0.0, 0.5, 10.0, 33.333, 61.0] {
            let mut track = mp3();
            track.push(&bytes[..20_000]);
            assert!(matches!(track.advance(100), Advance::Format(_)));
            assert_eq!(track.advance(100), Advance::Ready);
            track.seek(seconds);
            let _ = track.advance(1);
            track.push(&bytes[track.end_offset() as usize..]);
            assert_eq!(track.advance(5000), Advance::Ready, "{name} at {seconds}");
            let planes = track.take(5000);
            let from = (seconds * f64::from(rate)).round() as usize;
            let worst =
                planes[0].iter().zip(&whole[0][from..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{name} at {seconds}: off by {worst}");
        }
    }
}

/// A plane with a track open, and everything that it put out.
pub struct Bench {
    pub plane: MediaPlane<Native>,
    pub now: f64,
    pub outputs: Vec<Output>,
}

impl Bench {
    pub fn open(position: f64) -> Self {
        let mut bench = Self { plane: MediaPlane::default(), now: 1e12, outputs: Vec::new() };
        let request = Request { id: 1, offset: 0, headers: None };
        let url = "https://x.example/a.mp3".into();
        let open = Command::Open {
            epoch: 1,
            url,
            credentials: false,
            output_rate: 48_000,
            position,
            speed: 1.0,
            request,
        };
        bench.plane.handle_command(bench.now, open);
        bench.drain();
        bench
    }

    pub fn drain(&mut self) {
        loop {
            self.plane.finish_input(self.now);
            while let Some(output) = self.plane.poll_output() {
                if let Output::Open { epoch, family, start } = output {
                    self.plane.handle_track(self.now, epoch, open(family, start));
                }
                self.outputs.push(output);
            }
            if !self.plane.resume(self.now) {
                return;
            }
        }
    }

    fn head(&mut self, request: u32, status: u16, ranges: bool) {
        self.head_of(request, status, ranges, None);
    }

    pub fn head_of(&mut self, request: u32, status: u16, ranges: bool, total_bytes: Option<u64>) {
        let head = ResponseHead { status, total_bytes, ranges, ..ResponseHead::default() };
        self.plane.handle_head(self.now, request, head, &ResponseFields::default());
        self.drain();
    }

    pub fn chunk(&mut self, request: u32, bytes: &[u8]) {
        self.plane.handle_chunk(self.now, request, bytes);
        self.drain();
    }

    pub fn given(&self) -> u64 {
        let frames = |output: &Output| match output {
            Output::Samples { planes, .. } => planes[0].len() as u64,
            _ => 0,
        };
        self.outputs.iter().map(frames).sum()
    }

    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.outputs.iter().filter_map(|output| match output {
            Output::Post(fact) => Some(fact),
            _ => None,
        })
    }

    fn started(&self) -> usize {
        self.outputs.iter().filter(|output| matches!(output, Output::Start { .. })).count()
    }
}

#[test]
fn the_ring_never_holds_more_than_its_seconds() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    for piece in bytes.chunks(64 << 10) {
        bench.chunk(1, piece);
    }
    let ring = u64::from(RING_SECONDS) * 48_000;
    assert!(bench.given() <= ring && bench.given() > ring - BLOCK_FRAMES as u64, "{}", bench.given());
    let mut credited = 0;
    while credited < 60 * 48_000 {
        credited += 4096;
        bench.plane.handle_credit(bench.now, 1, credited, false);
        bench.drain();
        assert!(bench.given() - credited <= ring);
    }
    bench.plane.handle_body_end(bench.now, 1, BodyEnd::Complete {});
    bench.drain();
    bench.plane.handle_credit(bench.now, 1, u64::MAX, false);
    bench.drain();
    let end = bench.outputs.iter().find_map(|output| match output {
        Output::End { frames, .. } => Some(*frames),
        _ => None,
    });
    assert_eq!(end, Some(64 * 48_000));
    assert!(
        bench.facts().any(|fact| matches!(fact, Fact::DecodedAll { frames: 2_822_400, failures: 0, .. }))
    );
}

/// Packets that are lost come as silence all at once: it waits for its credits as samples do, and so does the
/// failure.
#[test]
fn a_damaged_end_does_not_overfill_the_ring() {
    let whole = file("first-light.mp3");
    // More than may be lost in a row.
    let noise = [0x55, 0xaa].repeat(2 << 20);
    let (first, second) = whole.split_at(whole.len() / 8);
    let bytes = [first, &noise, second].concat();
    let mut bench = Bench::open(0.0);
    // Without ranges the request goes on however much is read ahead.
    bench.head_of(1, 200, false, Some(bytes.len() as u64));
    let ring = u64::from(RING_SECONDS) * 48_000;
    let mut credited = 0;
    let is_failure = |fact: &Fact| matches!(fact, Fact::Failed { .. });
    for piece in bytes.chunks(64 << 10) {
        bench.chunk(1, piece);
        assert!(bench.given() - credited <= ring);
    }
    assert!(!bench.facts().any(is_failure), "samples are left to hear");
    for _ in 0..400 {
        credited = bench.given();
        bench.plane.handle_credit(bench.now, 1, credited, false);
        bench.drain();
        assert!(bench.given() - credited <= ring);
    }
    assert_eq!(bench.facts().filter(|fact| is_failure(fact)).count(), 1);
}

#[test]
fn output_starts_at_the_first_frames_of_a_fast_link() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    for piece in bytes[..6000].chunks(500) {
        bench.now += 4.0;
        bench.chunk(1, piece);
    }
    assert_eq!(bench.started(), 1);
    assert!(bench.given() < 48_000 / 2);
}

/// A fast link may bring the whole file at once: the first block must not wait for the rest of the ring.
#[test]
fn the_first_block_leaves_before_the_ring_is_full() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    bench.plane.handle_chunk(bench.now, 1, &bytes[..500_000]);
    let mut frames = 0;
    while let Some(output) = bench.plane.poll_output() {
        if let Output::Samples { planes, .. } = &output {
            frames += planes[0].len();
        } else if let Output::Open { epoch, family, start } = output {
            bench.plane.handle_track(bench.now, epoch, open(family, start));
        }
        bench.outputs.push(output);
    }
    assert!(frames > 0 && frames <= BLOCK_FRAMES, "{frames} frames at once");
    assert_eq!(bench.started(), 1);
}

#[test]
fn output_waits_on_a_slow_link_and_again_after_it_ran_dry() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    // 100 kbit/s for a file of 128: 125 bytes in 10 ms.
    let mut pieces = bytes.chunks(125);
    while bench.started() == 0 {
        bench.now += 10.0;
        bench.chunk(1, pieces.next().unwrap());
    }
    assert!((45_000..60_000).contains(&bench.given()), "{}", bench.given());
    let given = bench.given();
    bench.plane.handle_credit(bench.now, 1, given, true);
    bench.drain();
    while bench.started() == 1 {
        bench.now += 10.0;
        bench.chunk(1, pieces.next().unwrap());
    }
    assert!(bench.given() - given > 45_000);
}

#[test]
fn a_full_read_ahead_drops_the_request_and_asks_again_later() {
    let mut bytes = file("first-light.mp3");
    // Without its information frame the stream has no end of its own.
    let info = bytes.windows(4).position(|window| window == b"Info").unwrap() - 36;
    bytes.drain(..info + 417);
    let more = bytes[10_000..].to_vec();
    bytes.extend(more.iter().cycle().take(3 << 20));
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    let mut sent = 0;
    while bench.plane.wants_bytes(1) {
        bench.chunk(1, &bytes[sent..sent + 4096]);
        sent += 4096;
    }
    assert!(bench.outputs.contains(&Output::Abort { request: 1 }));
    assert!(bench.facts().any(|fact| matches!(fact, Fact::BodyEnd { end: BodyEnd::Dropped {}, .. })));
    assert!(sent < READ_AHEAD_BYTES + 300_000);
    assert!(!bench.facts().any(|fact| matches!(fact, Fact::BytesWanted { .. })));
    let mut credited = 0;
    let offset = loop {
        credited += 48_000;
        assert!(credited < 200 * 48_000, "no more bytes were asked for");
        bench.plane.handle_credit(bench.now, 1, credited, false);
        bench.drain();
        let wanted = bench.facts().find_map(|fact| match fact {
            Fact::BytesWanted { offset, .. } => Some(*offset),
            _ => None,
        });
        if let Some(offset) = wanted {
            break offset;
        }
    };
    assert_eq!(offset as usize, sent);
    let request = Request { id: 2, offset, headers: None };
    bench.plane.handle_command(bench.now, Command::Fetch { epoch: 1, request });
    bench.drain();
    assert!(bench.plane.wants_bytes(2));
}

#[test]
fn a_server_without_ranges_is_read_from_its_start_again() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, false);
    bench.chunk(1, &bytes[..100_000]);
    bench.plane.handle_body_end(bench.now, 1, BodyEnd::Failed {});
    bench.drain();
    assert!(bench.facts().any(|fact| matches!(fact, Fact::BytesWanted { offset: 100_000, .. })));
    let request = Request { id: 2, offset: 100_000, headers: None };
    bench.plane.handle_command(bench.now, Command::Fetch { epoch: 1, request });
    bench.drain();
    bench.head(2, 200, false);
    for piece in bytes.chunks(50_000) {
        bench.chunk(2, piece);
        let given = bench.given();
        bench.plane.handle_credit(bench.now, 1, given, false);
        bench.drain();
    }
    bench.plane.handle_body_end(bench.now, 2, BodyEnd::Complete {});
    loop {
        bench.drain();
        let given = bench.given();
        bench.plane.handle_credit(bench.now, 1, given, false);
        bench.drain();
        if bench.given() == given {
            break;
        }
    }
    assert!(
        bench.facts().any(|fact| matches!(fact, Fact::DecodedAll { frames: 2_822_400, failures: 0, .. }))
    );
}

/// No sample can be decoded before the end of a large header: the control plane gets a fact of its bytes once
/// a second, however small or rare the pieces are.
#[test]
fn bytes_of_a_large_header_are_reported_once_a_second() {
    for (millis, bytes, facts) in [(10.0, 200, 9..=10), (3000.0, 40_000, 3..=3)] {
        let mut bench = Bench::open(0.0);
        bench.head(1, 200, true);
        let mut header = b"RIFF\xff\xff\xff\x00WAVEJUNK\xff\xff\x7f\x00".to_vec();
        header.resize(400_000, 0);
        let end = bench.now + 10_000.0;
        let mut pieces = header.chunks(bytes);
        while bench.now < end {
            bench.chunk(1, pieces.next().unwrap());
            bench.now += millis;
        }
        let reported = bench.facts().filter(|fact| matches!(fact, Fact::Buffered { .. })).count();
        assert!(facts.contains(&reported), "{reported} facts of {bytes} bytes each {millis} ms");
    }
}

fn wanted(bench: &Bench) -> Vec<(u32, u64)> {
    let wanted = |fact: &Fact| match fact {
        Fact::BytesWanted { epoch, offset } => Some((*epoch, *offset)),
        _ => None,
    };
    bench.facts().filter_map(wanted).collect()
}

#[test]
fn each_seek_asks_for_its_own_bytes() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head(1, 200, true);
    bench.chunk(1, &bytes[..60_000]);
    bench.plane.handle_command(bench.now, Command::Seek { epoch: 2, position: 40.0, speed: 1.0 });
    bench.drain();
    bench.plane.handle_command(bench.now, Command::Seek { epoch: 3, position: 20.0, speed: 1.0 });
    bench.drain();
    let epochs: Vec<u32> = wanted(&bench).iter().map(|(epoch, _)| *epoch).collect();
    assert_eq!(epochs, [2, 3]);
    let offset = wanted(&bench)[1].1;
    let request = Request { id: 2, offset, headers: None };
    bench.plane.handle_command(bench.now, Command::Fetch { epoch: 3, request });
    bench.head(2, 206, true);
    bench.chunk(2, &bytes[offset as usize..offset as usize + 60_000]);
    assert!(bench.facts().any(|fact| matches!(fact, Fact::FirstDecoded { epoch: 3, position: 20.0, .. })));
}

#[test]
fn the_last_byte_is_the_end_even_where_the_body_breaks_off_there() {
    let bytes = file("first-light.mp3");
    let mut bench = Bench::open(0.0);
    bench.head_of(1, 200, true, Some(bytes.len() as u64));
    bench.chunk(1, &bytes);
    bench.plane.handle_body_end(bench.now, 1, BodyEnd::Failed {});
    bench.drain();
    assert!(wanted(&bench).is_empty());
    assert!(bench.facts().any(|fact| matches!(fact, Fact::BodyEnd { end: BodyEnd::Complete {}, .. })));
}

#[test]
fn a_seek_in_a_file_of_many_bit_rates_comes_near_and_plays_to_the_end() {
    let bytes = file("night-bus.mp3");
    for seconds in [5.0, 20.0, 33.0, 60.0] {
        let mut track = mp3();
        track.push(&bytes[..20_000]);
        assert!(matches!(track.advance(100), Advance::Format(_)));
        track.seek(seconds);
        let _ = track.advance(1);
        let from = track.end_offset();
        track.push(&bytes[from as usize..]);
        track.finish();
        assert_eq!(track.advance(usize::MAX), Advance::End, "at {seconds}");
        let left = track.ready_frames() as f64 / 44_100.0;
        assert!((left - (66.0 - seconds)).abs() < 1.5, "{left} s left after a seek to {seconds}");
    }
}

#[test]
fn absurd_positions_and_lengths_do_no_harm() {
    let bytes = file("first-light.mp3");
    for position in [1e101, -5.0, f64::MAX, f64::NAN] {
        let mut bench = Bench::open(position);
        bench.head_of(1, 200, true, Some(u64::MAX));
        bench.chunk(1, &bytes[..50_000]);
        bench.plane.handle_command(bench.now, Command::Seek { epoch: 2, position, speed: 1.0 });
        bench.drain();
    }
}

#[test]
fn the_wrong_version_is_named() {
    let mut bench = Bench { plane: MediaPlane::default(), now: 0.0, outputs: Vec::new() };
    bench.plane.handle_command(0.0, Command::Hello { version: "0.0.0".into() });
    bench.drain();
    assert!(
        bench.facts().any(|fact| matches!(fact, Fact::Failed { error: MediaError::VersionMismatch {}, .. }))
    );
}
