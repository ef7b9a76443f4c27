//! Movie fragments (ISO/IEC 14496-12 section 8.8) and the segment index (section 8.16.3).

use std::collections::VecDeque;

use super::boxes::{child, children};
use super::movie::Movie;
use super::table::Sample;
use crate::bytes::Reader;

/// Samples of a fragment, which a file of lies could claim to have without bytes.
const MOST_SAMPLES: u32 = 1 << 20;

/// The samples of the played track that `moof`, which begins at `offset`, describes.
pub(super) fn samples(moof: &[u8], offset: u64, movie: &Movie, time: u64) -> Option<VecDeque<Sample>> {
    of_track(moof, offset, (movie.id, movie.defaults), time)
}

/// The samples of a track by its number, whose duration and size are such where a fragment does not say them.
fn of_track(
    moof: &[u8],
    offset: u64,
    (id, defaults): (u32, (u32, u32)),
    mut time: u64,
) -> Option<VecDeque<Sample>> {
    let mut samples = VecDeque::new();
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
        let mut head = Reader(child(traf, *b"tfhd")?);
        let flags = head.u32()?;
        if head.u32()? != id {
            continue;
        }
        let mut optional =
            |bit: u32, len: usize| if flags & bit != 0 { head.be(len).map(Some) } else { Some(None) };
        let base = optional(0x01, 8)?.unwrap_or(offset);
        optional(0x02, 4)?;
        let duration = optional(0x08, 4)?.map_or(defaults.0, |value| value as u32);
        let size = optional(0x10, 4)?.map_or(defaults.1, |value| value as u32);
        if let Some(body) = child(traf, *b"tfdt") {
            let mut rest = Reader(body);
            let wide = if rest.be(1)? == 1 { 8 } else { 4 };
            rest.take(3)?;
            time = rest.be(wide)?;
        }
        let mut at = base;
        for (_, body) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let mut rest = Reader(body);
            let flags = rest.u32()?;
            let count = rest.u32()?.min(MOST_SAMPLES.saturating_sub(samples.len() as u32));
            if flags & 0x01 != 0 {
                at = base.checked_add_signed(i64::from(rest.u32()?.cast_signed()))?;
            }
            rest.take(if flags & 0x04 != 0 { 4 } else { 0 })?;
            for _ in 0..count {
                let mut field =
                    |bit: u32, default: u32| if flags & bit != 0 { rest.u32() } else { Some(default) };
                let (duration, size) = (field(0x100, duration)?, field(0x200, size)?);
                field(0x400, 0)?;
                field(0x800, 0)?;
                // Nothing can be made of it, and it would make a list without end out of no bytes.
                if size == 0 && flags & 0xf00 == 0 {
                    break;
                }
                samples.push_back(Sample { offset: at, size, time, duration });
                at = at.checked_add(size.into())?;
                time = time.checked_add(duration.into())?;
            }
        }
    }
    Some(samples)
}

/// The segment index: of each segment its byte and its time, on a clock of so many units.
pub(super) fn index(sidx: &[u8], end: u64) -> Option<(u32, Vec<(u64, u64)>)> {
    let mut rest = Reader(sidx);
    let wide = if rest.be(1)? == 1 { 8 } else { 4 };
    rest.take(7)?;
    let timescale = rest.u32()?;
    let mut time = rest.be(wide)?;
    let mut byte = end.checked_add(rest.be(wide)?)?;
    rest.take(2)?;
    let mut places = Vec::new();
    for _ in 0..rest.be(2)? {
        let size = rest.u32()?;
        let duration = rest.u32()?;
        rest.take(4)?;
        // An index of indices is not followed.
        if size >> 31 != 0 {
            return None;
        }
        places.push((byte, time));
        byte = byte.checked_add(size.into())?;
        time = time.checked_add(duration.into())?;
    }
    (timescale > 0 && !places.is_empty()).then_some((timescale, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_bytes_has_a_bound() {
        let boxed = |kind: &[u8], body: &[u8]| [&(8 + body.len() as u32).to_be_bytes(), kind, body].concat();
        // A track of size and duration 1 by default; a run that says nothing of its samples but their count.
        let head = boxed(b"tfhd", &[0, 0, 0, 0x18, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
        let run = boxed(b"trun", &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let moof = boxed(b"traf", &[head, run.clone(), run].concat());
        let samples = of_track(&moof, 0, (1, (0, 0)), 0).unwrap();
        assert_eq!(samples.len(), 1 << 20);
    }
}
