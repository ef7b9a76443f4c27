//! M4A over a slow link: the music begins before the index is whole, and is the same music.

use tonearm::random::Random;
use tonearm_formats::{Advance, Planes, Track, TrackError};

use tonearm_media::plane::Output;
use tonearm_messages::{BodyEnd, Command, Fact, READ_AHEAD_BYTES, Request};

use super::{File, decode, feed, files, open, snr};
use crate::media::Bench;

/// What came of a file whose bytes are waited for: its samples, and where in it was read, from and to.
type Read = (Planes, Vec<(usize, usize)>);

/// Decodes a file in pieces, each behind a word on how slow the link is, and seeks once there are so many
/// frames.
fn slowly(
    track: &mut Track,
    bytes: &[u8],
    piece: usize,
    seek: Option<(usize, f64)>,
) -> Result<Read, TrackError> {
    let (mut out, mut reads, mut seek): (Planes, Vec<(usize, usize)>, _) = (Vec::new(), vec![(0, 0)], seek);
    loop {
        let advance = track.advance(512);
        match advance {
            Advance::Failed(error) => return Err(error),
            Advance::NeedBytes | Advance::SeekSource => {
                let at = (track.end_offset() as usize).min(bytes.len());
                if advance == Advance::SeekSource {
                    reads.push((at, at));
                    assert!(reads.len() < 100, "the track jumps for ever");
                }
                let end = bytes.len().min(at + piece);
                reads.last_mut().unwrap().1 = end;
                if at == end {
                    track.finish();
                } else {
                    track.push(&bytes[at..end]);
                    track.set_link_rate(100_000.0, 300);
                }
            }
            Advance::Format(_) | Advance::Packet | Advance::Drain => {}
            Advance::Ready | Advance::End => {
                let planes = track.take(usize::MAX);
                out.resize(planes.len(), Vec::new());
                out.iter_mut().zip(planes).for_each(|(out, plane)| out.extend(plane));
                if advance == Advance::End {
                    return Ok((out, reads));
                }
                if let Some((_, to)) = seek.take_if(|(frames, _)| out[0].len() >= *frames) {
                    track.seek(to);
                    out.iter_mut().for_each(Vec::clear);
                }
            }
        }
    }
}

fn read(bytes: &[u8], piece: usize) -> Result<Read, TrackError> {
    slowly(&mut open(bytes, 0.0).unwrap(), bytes, piece, None)
}

fn faststart() -> impl Iterator<Item = File> {
    files(&["faststart.m4a"]).into_iter()
}

/// Where the first box of a type lies, its size and all.
fn place(bytes: &[u8], kind: [u8; 4]) -> usize {
    bytes.windows(4).position(|found| found == kind).unwrap() - 4
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn write(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

#[test]
fn the_music_is_fetched_before_the_rest_of_the_index() {
    for file in faststart() {
        let (whole, _) = decode(&file.bytes, usize::MAX).unwrap();
        let moov = place(&file.bytes, *b"moov");
        let end = moov + number(&file.bytes, moov) as usize;
        for piece in [17, 250, 617, 1021] {
            let mut track = open(&file.bytes, 0.0).unwrap();
            let (planes, reads) = slowly(&mut track, &file.bytes, piece, None).unwrap();
            assert!(planes == whole, "in pieces of {piece}");
            let [first, music, index, rest] = reads[..] else { panic!("{reads:?}") };
            // With the chunks' places at hand the first sample's is known, else that of what follows.
            assert!(first.1 < end && music.0 >= end && music.0 <= end + 16, "{reads:?}");
            assert!(index.0 == first.1 && index.1 >= end && index.1 < end + piece, "{reads:?}");
            assert!(rest.0 > end && rest.0 <= music.1 && rest.1 == file.bytes.len(), "{reads:?}");
            let tags = track.tags();
            assert_eq!((tags.text("title"), tags.picture.is_some()), (Some("Äther"), true));
        }
    }
}

/// The whole beginning of the file comes at once: nothing is worth a detour.
#[test]
fn a_short_rest_is_waited_for() {
    for file in faststart() {
        let end = place(&file.bytes, *b"mdat");
        let mut track = open(&file.bytes, 0.0).unwrap();
        track.push(&file.bytes[..end - 200]);
        assert_eq!(track.advance(1), Advance::NeedBytes);
        track.set_link_rate(100_000.0, 300);
        assert_eq!(track.advance(1), Advance::NeedBytes);
        assert_eq!(track.end_offset(), end as u64 - 200);
    }
}

#[test]
fn a_seek_before_the_index_is_whole_waits_for_it() {
    for file in faststart() {
        let (whole, _) = decode(&file.bytes, usize::MAX).unwrap();
        for (frames, to) in [(1, 5.0), (30_000, 3.3), (1, 0.1)] {
            let mut track = open(&file.bytes, 0.0).unwrap();
            let (planes, _) = slowly(&mut track, &file.bytes, 617, Some((frames, to))).unwrap();
            let from = (to * 44_100.0_f64).round() as usize;
            assert_eq!(planes[0].len(), whole[0].len() - from, "to {to} s");
            assert!(snr(&planes[0][..20_000], &whole[0][from..]) > 20.0, "to {to} s");
        }
        let mut late = open(&file.bytes, 3.3).unwrap();
        late.push(&file.bytes[..2000]);
        late.advance(1);
        late.set_link_rate(100_000.0, 300);
        assert_eq!(late.advance(1), Advance::NeedBytes, "who begins elsewhere needs the index first");
        feed(&mut late, &file.bytes, 9000, 1000).unwrap();
    }
}

/// Several tracks may lie in `mdat` in any order, and what nobody says is to be cut off can't be.
#[test]
fn what_can_not_be_known_is_waited_for() {
    for file in faststart() {
        let (whole, _) = decode(&file.bytes, usize::MAX).unwrap();
        let mut tracks = file.bytes.clone();
        let head = place(&tracks, *b"mvhd");
        let next = head + number(&tracks, head) as usize - 4;
        write(&mut tracks, next, 3);
        let (planes, reads) = read(&tracks, 617).unwrap();
        assert!(planes == whole && reads.len() == 1, "{reads:?}");
        let mut unedited = file.bytes.clone();
        let edits = place(&unedited, *b"edts");
        unedited[edits + 4..edits + 8].copy_from_slice(b"free");
        assert_eq!(read(&unedited, 617).unwrap().1.len(), 1);
    }
}

/// The index says at its end that the music begins later than at the first byte: what was heard till then was
/// wrong, the rest is not.
#[test]
fn a_wrong_guess_is_mended_by_the_index() {
    for file in faststart() {
        let (whole, _) = decode(&file.bytes, usize::MAX).unwrap();
        let mut bytes = file.bytes.clone();
        let (media, table) = (place(&bytes, *b"mdat"), place(&bytes, *b"stco"));
        let size = number(&bytes, media);
        write(&mut bytes, media, size + 1000);
        for entry in 0..number(&bytes, table + 12) as usize {
            let at = table + 16 + 4 * entry;
            let moved = number(&bytes, at) + 1000;
            write(&mut bytes, at, moved);
        }
        bytes.splice(media + 8..media + 8, [0x5a; 1000]);
        assert!(decode(&bytes, usize::MAX).unwrap().0 == whole);
        let (planes, reads) = read(&bytes, 617).unwrap();
        assert_eq!(reads.len(), 3, "{reads:?}");
        assert_eq!(planes[0].len(), whole[0].len());
        let tail = |planes: &Planes| planes[0][planes[0].len() - 100_000..].to_vec();
        let ratio = snr(&tail(&planes), &tail(&whole));
        assert!(ratio > 60.0, "{ratio:.1} dB");
    }
}

#[test]
fn damage_to_what_is_known_does_no_harm() {
    for file in faststart() {
        let mut random = Random::seeded([7, 7]);
        let end = place(&file.bytes, *b"mdat") + 3000;
        for _ in 0..300 {
            let mut bytes = file.bytes[..80_000].to_vec();
            for _ in 0..=random.next_u64() % 4 {
                bytes[random.next_u64() as usize % end] = random.next_u64() as u8;
            }
            let piece = 200 + random.next_u64() as usize % 2000;
            if let Some(mut track) = open(&bytes, 0.0) {
                // Whatever comes of it: it comes.
                let _ = slowly(&mut track, &bytes, piece, None);
            }
        }
    }
}

/// A file whose index has so many bytes more between the samples' sizes and their places, and so many before
/// its music.
fn stretched(bytes: &[u8], index: u32, gap: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for kind in [*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl"] {
        let at = place(&bytes, kind);
        let size = number(&bytes, at);
        write(&mut bytes, at, size + index);
    }
    let table = place(&bytes, *b"stco");
    for entry in 0..number(&bytes, table + 12) as usize {
        let at = table + 16 + 4 * entry;
        let moved = number(&bytes, at) + index + gap;
        write(&mut bytes, at, moved);
    }
    for (kind, size) in [(*b"mdat", gap), (*b"stco", index)] {
        let mut free = vec![0; size as usize];
        write(&mut free, 0, size);
        free[4..8].copy_from_slice(b"free");
        let at = place(&bytes, kind);
        bytes.splice(at..at, free);
    }
    bytes
}

/// A plane at a server with ranges, over a link of a hundred bytes a millisecond.
struct Link {
    bench: Bench,
    bytes: Vec<u8>,
    request: u32,
    at: usize,
    /// Where each request began.
    offsets: Vec<usize>,
    asked: usize,
    /// Bytes that come together.
    piece: usize,
}

impl Link {
    fn open(bytes: Vec<u8>) -> Self {
        let mut link = Self {
            bench: Bench::open(0.0),
            bytes,
            request: 1,
            at: 0,
            offsets: vec![0],
            asked: 0,
            piece: 1000,
        };
        link.bench.now += 5.0;
        link.bench.head_of(1, 200, true, Some(link.bytes.len() as u64));
        link
    }

    /// Ten milliseconds; says whether there is a request that wants more.
    fn pass(&mut self) -> bool {
        self.bench.now += 10.0;
        let end = self.bytes.len().min(self.at + self.piece);
        if self.bench.plane.wants_bytes(self.request) {
            let piece = self.bytes[self.at..end].to_vec();
            self.at = end;
            self.bench.chunk(self.request, &piece);
            if end == self.bytes.len() {
                self.end(BodyEnd::Complete {});
            }
        }
        self.answer();
        self.bench.plane.wants_bytes(self.request)
    }

    fn end(&mut self, end: BodyEnd) {
        self.bench.plane.handle_body_end(self.bench.now, self.request, end);
        self.bench.drain();
        self.answer();
    }

    /// What was asked for last is sent.
    fn answer(&mut self) {
        let wanted: Vec<u64> = self
            .bench
            .facts()
            .filter_map(|fact| match fact {
                Fact::BytesWanted { offset, .. } => Some(*offset),
                _ => None,
            })
            .collect();
        let Some(&offset) = wanted.last().filter(|_| wanted.len() > self.asked) else { return };
        self.asked = wanted.len();
        assert!((offset as usize) < self.bytes.len(), "behind the last byte");
        self.request += 1;
        (self.at, self.bench.now) = (offset as usize, self.bench.now + 5.0);
        self.offsets.push(self.at);
        let request = Request { id: self.request, offset, headers: None };
        self.bench.plane.handle_command(self.bench.now, Command::Fetch { epoch: 1, request });
        self.bench.drain();
        self.bench.head_of(self.request, 206, true, Some(self.bytes.len() as u64));
    }

    /// Plays what is there, to the end; breaks the connection once so many bytes of the request of that
    /// number have come.
    fn play(&mut self, mut broken: Option<(usize, usize)>) -> Vec<f32> {
        for _ in 0..20_000 {
            self.pass();
            let begun = *self.offsets.last().unwrap();
            if broken
                .take_if(|(request, bytes)| self.offsets.len() == *request && self.at >= begun + *bytes)
                .is_some()
            {
                self.end(BodyEnd::Failed {});
            }
            let given = self.bench.given();
            self.bench.plane.handle_credit(self.bench.now, 1, given, false);
            self.bench.drain();
            if self.bench.outputs.iter().any(|output| matches!(output, Output::End { .. })) {
                break;
            }
        }
        let failed = self.bench.facts().find(|fact| matches!(fact, Fact::Failed { .. }));
        assert_eq!(failed, None);
        self.samples()
    }

    fn samples(&self) -> Vec<f32> {
        let planes = self.bench.outputs.iter().filter_map(|output| match output {
            Output::Samples { planes, .. } => Some(planes[0].as_slice()),
            _ => None,
        });
        planes.flatten().copied().collect()
    }
}

#[test]
fn a_connection_may_break_on_any_of_the_ways() {
    for file in faststart() {
        let bytes = stretched(&file.bytes, 20_000, 8);
        let whole = Link::open(file.bytes.clone()).play(None);
        let mut calm = Link::open(bytes.clone());
        assert!(calm.play(None) == whole);
        let [0, music, index, rest] = calm.offsets[..] else { panic!("{:?}", calm.offsets) };
        assert!(index < music && music < rest, "{:?}", calm.offsets);
        for broken in [(1, 1000), (2, 1), (2, 30_000), (3, 1), (3, 9_000), (4, 1000)] {
            let mut link = Link::open(bytes.clone());
            assert!(link.play(Some(broken)) == whole, "{broken:?}");
            assert!(link.offsets.len() >= 5 || broken.0 == 1, "{broken:?}: {:?}", link.offsets);
        }
    }
}

/// Nobody plays: what comes behind the index is music again, and held within the bound.
#[test]
fn what_is_held_is_bounded_while_nothing_is_played() {
    for file in faststart() {
        let mut link = Link::open(stretched(&file.bytes, 150_000, 4 << 20));
        let mut most = 0;
        for _ in 0..20_000 {
            let begun = link.offsets.len();
            // The music comes in one piece, more of it than is decoded ahead: nothing is asked of the demuxer
            // for long.
            link.piece = if begun == 3 { 100_000 } else { 1000 };
            link.pass();
            if link.offsets.len() == begun {
                most = most.max(link.at - link.offsets.last().unwrap());
            }
        }
        assert_eq!(link.offsets.len(), 4, "{:?}", link.offsets);
        assert!(most <= READ_AHEAD_BYTES + 200_000, "{most} bytes of one request");
    }
}

/// A link that is hardly faster than the music would have nothing left to play while the index comes.
#[test]
fn a_link_as_slow_as_the_music_waits_for_the_index() {
    for file in faststart() {
        let bytes = stretched(&file.bytes, 20_000, 8);
        for (rate, begins) in [(17_000.0, false), (100_000.0, true)] {
            let mut track = open(&bytes, 0.0).unwrap();
            track.push(&bytes[..2000]);
            track.advance(1);
            track.push(&bytes[2000..3000]);
            track.set_link_rate(rate, 300);
            let goes = if begins { Advance::SeekSource } else { Advance::NeedBytes };
            assert_eq!(track.advance(1), goes, "{rate} bytes a second");
        }
    }
}
