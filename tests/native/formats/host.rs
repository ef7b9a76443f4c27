//! A track whose packets the host decodes: whatever it makes of them, the track keeps its length and each
//! packet its place.

use std::collections::VecDeque;

use tonearm_formats::{Advance, Family, HostDecoders, Planes, Track};

use super::files;

/// Its number, where it lies, how many frames it stands for.
type Packet = (usize, Option<u64>, u32);
/// Packets that are with the host at once.
const UNDER_WAY: usize = 16;

/// Plays `bytes` through a host that decodes each packet to its own number, but nothing of those that are
/// `missing`; after `seek_after` packets it goes to a second. What was ready, behind the seek where there is
/// one; packets, failures.
fn play(
    bytes: &[u8],
    missing: impl Fn(usize) -> bool,
    seek_after: Option<(usize, f64)>,
) -> (Planes, usize, u32) {
    let mut track = Track::new(Family::OggOpus, 0.0, HostDecoders { aac: false, others: true }).unwrap();
    track.set_total_bytes(bytes.len() as u64);
    let mut out: Planes = vec![Vec::new(); 2];
    let (mut under_way, mut number) = (VecDeque::<Packet>::new(), 0);
    let give = |track: &mut Track, (number, at, frames): Packet| {
        if !missing(number) {
            track.decoded(vec![vec![number as f32; frames as usize]; 2], at, 48_000);
        }
    };
    loop {
        match track.advance(4096) {
            Advance::Packet => {
                under_way.push_back((number, track.packet_at().0, track.packet_at().1));
                number += 1;
                if let Some((_, position)) = seek_after.filter(|(packets, _)| *packets == number) {
                    under_way.clear();
                    out.iter_mut().for_each(Vec::clear);
                    track.seek(position);
                } else if under_way.len() == UNDER_WAY {
                    give(&mut track, under_way.pop_front().unwrap());
                }
            }
            Advance::Drain => {
                under_way.drain(..).for_each(|packet| give(&mut track, packet));
                track.drained();
            }
            Advance::NeedBytes | Advance::SeekSource => {
                let at = (track.end_offset() as usize).min(bytes.len());
                if at == bytes.len() {
                    track.finish();
                } else {
                    track.push(&bytes[at..bytes.len().min(at + 5000)]);
                }
            }
            Advance::Format(_) => {}
            advance @ (Advance::Ready | Advance::End) => {
                let planes = track.take(usize::MAX);
                out.iter_mut().zip(planes).for_each(|(out, plane)| out.extend(plane));
                if advance == Advance::End {
                    return (out, number, track.failures());
                }
            }
            Advance::Failed(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn what_the_host_makes_nothing_of_is_silence_of_its_length() {
    let Some(file) = files(&["opusenc.opus"]).pop() else { return };
    let (whole, packets, failures) = play(&file.bytes, |_| false, None);
    assert_eq!((whole[0].len(), failures), (file.reference.len() / 2, 0));
    for missing in
        [vec![3], vec![0], vec![packets - 1], (40..60).collect(), vec![7, 30, packets - 2, packets - 1]]
    {
        let (planes, _, failures) = play(&file.bytes, |number| missing.contains(&number), None);
        assert_eq!((planes[0].len(), failures as usize), (whole[0].len(), missing.len()), "{missing:?}");
        for (got, want) in planes[0].iter().zip(&whole[0]) {
            let expected = if missing.contains(&(*want as usize)) { 0.0 } else { *want };
            assert!((got - expected).abs() < f32::EPSILON, "{missing:?}: {got} for {expected}");
        }
    }
}

#[test]
fn a_seek_leaves_nothing_of_what_was_under_way() {
    let Some(file) = files(&["opusenc.opus"]).pop() else { return };
    let frames = file.reference.len() / 2;
    for (after, position) in [(1, 3.0), (30, 0.5), (100, 2.0), (200, 6.9)] {
        let (planes, ..) = play(&file.bytes, |_| false, Some((after, position)));
        assert_eq!(planes[0].len(), frames - (position * 48_000.0) as usize, "to {position} after {after}");
    }
}
