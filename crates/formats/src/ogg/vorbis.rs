//! How long a Vorbis packet lasts: its mode says which of two block sizes it has (Vorbis I, sections 4.2.2
//! and 4.3.1).
//!
//! The modes stand at the very end of the setup header, behind codebooks that only a decoder needs. They are
//! found from behind: each is 41 bits, of which 32 are zero, and their count stands before them.

/// Bits of a mode: its flag, window type, transform type, mapping.
const MODE_BITS: usize = 1 + 16 + 16 + 8;

/// Which modes have long blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Modes {
    sizes: [u32; 2],
    long: Vec<bool>,
}

/// Bit `at` of a packet, the lowest of each byte first.
fn bit(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at / 8).map_or(0, |byte| u32::from(byte >> (at % 8) & 1))
}

fn number(bytes: &[u8], at: usize, count: usize) -> u32 {
    (0..count).rev().fold(0, |value, n| value << 1 | bit(bytes, at + n))
}

/// Bits in turn, the lowest of each byte first; `None` past the end.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|&at| at <= self.bytes.len() * 8)?;
        Some(())
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let at = self.at;
        self.skip(count)?;
        Some(number(self.bytes, at, count))
    }
}

/// The most values a side that a lattice of so many dimensions may have within so many entries (section
/// 9.2.3).
fn lattice(entries: u32, dimensions: u32) -> u32 {
    let fits = |side: u32| side.checked_pow(dimensions).is_some_and(|all| all <= entries);
    let (mut low, mut high) = (0, entries.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

/// Whether the codebooks of a setup header keep to their own bounds (section 3.2.1): the decoder trusts the
/// lengths of codewords that are listed in order, of which a damaged header has longer ones than there can
/// be.
pub(crate) fn codebooks_are_sound(setup: &[u8]) -> Option<()> {
    let mut bits = Bits { bytes: setup, at: 7 * 8 };
    for _ in 0..=bits.take(8)? {
        (bits.take(24)? == 0x56_4342).then_some(())?;
        let (dimensions, entries) = (bits.take(16)?, bits.take(24)?);
        let ordered = bits.take(1)? == 1;
        if ordered {
            let (mut entry, mut length) = (0, bits.take(5)? + 1);
            while entry < entries {
                let count = bits.take((u32::BITS - (entries - entry).leading_zeros()) as usize)?;
                (length <= 32).then_some(())?;
                entry += count;
                length += 1;
            }
            (entry == entries).then_some(())?;
            // Sparse, or one after the other.
        } else if bits.take(1)? == 1 {
            for _ in 0..entries {
                let used = bits.take(1)?;
                bits.skip(5 * used as usize)?;
            }
        } else {
            bits.skip(entries as usize * 5)?;
        }
        let lookup = bits.take(4)?;
        if lookup > 0 {
            bits.skip(64)?;
            let width = bits.take(4)? + 1;
            bits.skip(1)?;
            let values = match lookup {
                1 => lattice(entries, dimensions),
                _ => entries.checked_mul(dimensions)?,
            };
            bits.skip((values as usize).checked_mul(width as usize)?)?;
        }
    }
    Some(())
}

impl Modes {
    /// Reads both headers.
    pub(super) fn parse(identification: &[u8], setup: &[u8]) -> Option<Self> {
        let &sizes = identification.get(28)?;
        let (short, long) = (sizes & 15, sizes >> 4);
        if !(6..=13).contains(&short) || !(short..=13).contains(&long) {
            return None;
        }
        // The last bit that is set is the framing flag.
        let last = setup.iter().rposition(|&byte| byte != 0)?;
        let framing = last * 8 + 7 - setup[last].leading_zeros() as usize;
        // As many modes as fit are tried: the count before them must be theirs. The most that agrees is
        // right, since a shorter list is the tail of the longer one.
        let mut found = None;
        for count in 1..=64 {
            let Some(start) = framing.checked_sub(count * MODE_BITS) else { break };
            let mode = start;
            if number(setup, mode + 1, 16) != 0
                || number(setup, mode + 17, 16) != 0
                || number(setup, mode + 33, 8) > 63
            {
                break;
            }
            if start >= 6 && number(setup, start - 6, 6) as usize + 1 == count {
                found = Some(count);
            }
        }
        let count = found?;
        let flags = (0..count).map(|mode| bit(setup, framing - (count - mode) * MODE_BITS) == 1);
        Some(Self { sizes: [1 << short, 1 << long], long: flags.collect() })
    }

    /// Frames of the block of a packet; `None` where it is no audio.
    pub(super) fn block_size(&self, packet: &[u8]) -> Option<u32> {
        if packet.is_empty() || bit(packet, 0) != 0 {
            return None;
        }
        let bits = usize::BITS - (self.long.len() - 1).leading_zeros();
        let mode = number(packet, 1, bits as usize) as usize;
        self.long.get(mode).map(|&long| self.sizes[usize::from(long)])
    }
}
