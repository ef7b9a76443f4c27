//! Sample tables (ISO/IEC 14496-12 section 8.6 and 8.7): where each sample lies, how long it is, and how long
//! it lasts.

use super::boxes::child;
use crate::bytes::Reader;

/// Samples of a track: a hundred hours of AAC. A file of lies could claim billions of one size.
const MOST_SAMPLES: u32 = 1 << 24;

/// The tables of one track.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Bytes of every sample, or of each.
    size: u32,
    sizes: Vec<u32>,
    count: u32,
    /// How many it says there are: of a table that is not whole, not all are.
    stated: u32,
    /// File offsets of the chunks.
    chunks: Vec<u64>,
    /// From this chunk on (counted from 1), so many samples a chunk.
    runs: Vec<(u32, u32)>,
    /// So many samples of so many units.
    durations: Vec<(u32, u32)>,
}

/// A sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// Where it lies in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u32,
    /// When it begins, on the track's clock.
    pub time: u64,
    /// How long it lasts there.
    pub duration: u32,
}

/// A place among the samples.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    index: u32,
    chunk: u32,
    /// Samples of the chunk that were passed, and their bytes.
    within: (u32, u64),
    run: usize,
    time: u64,
    /// Which entry of the durations, and how many of its samples were passed.
    lasting: (usize, u32),
}

fn entries(body: Option<&[u8]>, width: usize) -> Vec<(u32, u32)> {
    let read = |body: &[u8]| {
        let mut rest = Reader(body.get(4..)?);
        let count = rest.u32()? as usize;
        let pairs = rest.0.chunks_exact(width).take(count).filter_map(|entry| {
            let mut entry = Reader(entry);
            Some((entry.u32()?, entry.u32()?))
        });
        Some(pairs.collect())
    };
    body.and_then(read).unwrap_or_default()
}

/// The sizes of `stz2` (section 8.7.3.3), of 4, 8 or 16 bits each, and how many it says there are.
fn compact_sizes(body: &[u8]) -> Option<(u32, Vec<u32>)> {
    let mut rest = Reader(body.get(7..)?);
    let (width, stated) = (rest.be(1)? as usize, rest.u32()?);
    let count = stated.min(MOST_SAMPLES) as usize;
    let sizes: Vec<u32> = match width {
        4 => {
            let halves = rest.0.iter().flat_map(|&byte| [byte >> 4, byte & 15]);
            halves.map(u32::from).take(count).collect()
        }
        8 => rest.0.iter().map(|&size| size.into()).take(count).collect(),
        16 => rest
            .0
            .chunks_exact(2)
            .filter_map(|size| Reader(size).be(2))
            .map(|size| size as u32)
            .take(count)
            .collect(),
        _ => return None,
    };
    Some((stated, sizes))
}

impl Sample {
    /// The byte behind it.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.size.into())
    }
}

impl Cursor {
    /// How many samples lie before it.
    pub(super) fn index(&self) -> u32 {
        self.index
    }
}

impl Table {
    /// Reads `stbl`; empty tables are those of fragments.
    pub(super) fn parse(stbl: &[u8]) -> Option<Self> {
        let (mut size, mut count, mut stated, mut sizes) = (0, 0, 0, Vec::new());
        if let Some(body) = child(stbl, *b"stsz") {
            let mut rest = Reader(body.get(4..)?);
            (size, stated) = (rest.u32()?, rest.u32()?);
            count = stated.min(MOST_SAMPLES);
            if size == 0 {
                sizes = rest
                    .0
                    .chunks_exact(4)
                    .take(count as usize)
                    .filter_map(|size| Reader(size).u32())
                    .collect();
                count = sizes.len() as u32;
            }
        }
        if let Some(body) = child(stbl, *b"stz2") {
            (stated, sizes) = compact_sizes(body)?;
            (size, count) = (0, sizes.len() as u32);
        }
        let short = child(stbl, *b"stco");
        let width = if short.is_some() { 4 } else { 8 };
        let mut chunks = Vec::new();
        if let Some(body) = short.or_else(|| child(stbl, *b"co64")) {
            let mut rest = Reader(body.get(4..)?);
            let most = rest.u32()? as usize;
            chunks =
                rest.0.chunks_exact(width).take(most).filter_map(|offset| Reader(offset).be(width)).collect();
        }
        let runs = entries(child(stbl, *b"stsc"), 12);
        let durations = entries(child(stbl, *b"stts"), 8);
        Some(Self { size, sizes, count, stated, chunks, runs, durations })
    }

    /// Bytes of all samples.
    pub(super) fn bytes(&self) -> u64 {
        if self.size > 0 {
            u64::from(self.size) * u64::from(self.count)
        } else {
            self.sizes.iter().map(|&size| u64::from(size)).sum()
        }
    }

    /// Whether it has any sample: of a file in fragments it need not.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 || self.chunks.is_empty()
    }

    /// Whether a sample follows the one at a place.
    pub(super) fn goes_on(&self, cursor: &Cursor) -> bool {
        cursor.index.saturating_add(1) < self.count
    }

    /// Units of all samples; none where there are none.
    pub(super) fn duration(&self) -> Option<u64> {
        let all = self.durations.iter().map(|&(count, units)| u64::from(count).saturating_mul(units.into()));
        Some(all.fold(0, u64::saturating_add)).filter(|&all| all > 0)
    }

    /// Bytes of all samples, by those that are known.
    pub(super) fn estimate(&self) -> Option<u64> {
        u64::try_from(u128::from(self.bytes()) * u128::from(self.stated) / u128::from(self.count.max(1))).ok()
    }

    /// Whether the samples' sizes are known for so much time, or all, and how long each lasts.
    pub(super) fn reaches(&self, units: u64) -> bool {
        let lasting = self.durations.iter().map(|&(count, _)| u64::from(count)).sum::<u64>();
        let known = self.durations.first().map_or(0, |&(_, each)| u64::from(each) * self.sizes.len() as u64);
        lasting == u64::from(self.stated)
            && !self.sizes.is_empty()
            && (known >= units || self.count == self.stated)
    }

    /// Takes them to lie one behind the other from a byte on.
    pub(super) fn place(&mut self, first: u64) {
        (self.chunks, self.runs) = (vec![first], vec![(1, u32::MAX)]);
    }

    /// The place of a sample by its number.
    pub(super) fn nth(&self, index: u32) -> Cursor {
        let mut cursor = Cursor::default();
        while cursor.index < index.min(self.count) && self.sample(&cursor).is_some() {
            self.advance(&mut cursor);
        }
        cursor
    }

    /// The place behind the last sample.
    pub(super) fn end(&self) -> Cursor {
        Cursor { index: self.count, ..Cursor::default() }
    }

    /// The sample at a place; none past the last.
    pub(super) fn sample(&self, cursor: &Cursor) -> Option<Sample> {
        if cursor.index >= self.count {
            return None;
        }
        let size = if self.size > 0 { self.size } else { *self.sizes.get(cursor.index as usize)? };
        let offset = self.chunks.get(cursor.chunk as usize)?.checked_add(cursor.within.1)?;
        let duration = self.durations.get(cursor.lasting.0).map_or(0, |&(_, units)| units);
        Some(Sample { offset, size, time: cursor.time, duration })
    }

    /// Steps over the sample at a place.
    pub(super) fn advance(&self, cursor: &mut Cursor) {
        let Some(sample) = self.sample(cursor) else { return };
        cursor.index += 1;
        cursor.time = cursor.time.saturating_add(sample.duration.into());
        cursor.lasting.1 += 1;
        while self.durations.get(cursor.lasting.0).is_some_and(|&(count, _)| cursor.lasting.1 >= count) {
            cursor.lasting = (cursor.lasting.0 + 1, 0);
        }
        cursor.within = (cursor.within.0 + 1, cursor.within.1 + u64::from(sample.size));
        let next = self.runs.get(cursor.run + 1).map_or(u32::MAX, |&(first, _)| first.saturating_sub(1));
        if cursor.chunk >= next {
            cursor.run += 1;
        }
        let most = self.runs.get(cursor.run).map_or(1, |&(_, samples)| samples.max(1));
        if cursor.within.0 >= most {
            (cursor.chunk, cursor.within) = (cursor.chunk + 1, (0, 0));
            if cursor.chunk >= next {
                cursor.run += 1;
            }
        }
    }

    /// The time of the first sample that does not lie within the first `total` bytes of the file.
    pub(super) fn time_within(&self, total: u64) -> Option<u64> {
        let mut cursor = Cursor::default();
        while self.sample(&cursor)?.end() <= total {
            self.advance(&mut cursor);
        }
        Some(cursor.time)
    }

    /// The place of the sample that holds a time, and of so many before it.
    pub(super) fn find(&self, time: u64, before: u32) -> Cursor {
        let mut cursor = Cursor::default();
        let mut trail = Cursor::default();
        while let Some(sample) = self.sample(&cursor) {
            if sample.time.saturating_add(sample.duration.into()) > time {
                break;
            }
            self.advance(&mut cursor);
            if cursor.index > before {
                self.advance(&mut trail);
            }
        }
        trail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: [u8; 4], fields: &[u32]) -> Vec<u8> {
        let mut bytes = (8 + 4 * fields.len() as u32).to_be_bytes().to_vec();
        bytes.extend(kind);
        for field in fields {
            bytes.extend(field.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn a_count_without_bytes_has_a_bound() {
        let stbl = [
            boxed(*b"stsz", &[0, 1, u32::MAX]),
            boxed(*b"stco", &[0, 1, 100]),
            boxed(*b"stsc", &[0, 1, 1, u32::MAX, 1]),
            boxed(*b"stts", &[0, 1, u32::MAX, 1]),
        ]
        .concat();
        let table = Table::parse(&stbl).unwrap();
        assert_eq!(table.bytes(), 1 << 24);
        assert_eq!(table.find(u64::MAX, 0).index(), 1 << 24);
        assert_eq!(
            table.sample(&table.find(5, 0)).map(|sample| (sample.offset, sample.time)),
            Some((105, 5))
        );
    }

    #[test]
    fn compact_sizes_are_of_three_widths() {
        let of = |width: u32, bytes: &[u8]| {
            let mut body = boxed(*b"stz2", &[0, width, 3]);
            body.extend(bytes);
            compact_sizes(&body[8..]).map(|(_, sizes)| sizes)
        };
        assert_eq!(of(4, &[0x12, 0x3f, 0xff]), Some(vec![1, 2, 3]));
        assert_eq!(of(8, &[1, 200]), Some(vec![1, 200]));
        assert_eq!(of(16, &[1, 0, 0, 7, 1]), Some(vec![256, 7]));
        assert_eq!(of(12, &[1, 2, 3]), None);
    }
}
