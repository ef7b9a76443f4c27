//! Seeded random numbers for ids and jitter.
//!
//! Owns no source of randomness: the host seeds it, from `crypto.getRandomValues` in a browser.

/// xoshiro256** (Blackman and Vigna 2018).
#[derive(Debug, Clone)]
pub struct Random([u64; 4]);

impl Random {
    /// A generator that `seed` determines. The seed is spread by splitmix64, so a small one serves too.
    pub fn seeded(seed: [u64; 2]) -> Self {
        let mut state = seed[0] ^ seed[1].rotate_left(32);
        let mut spread = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self([spread() ^ seed[0], spread(), spread() ^ seed[1], spread() | 1])
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let state = &mut self.0;
        let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= t;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// Bytes that are not all zero: the first one is odd. (Of a trace's id the last seven have to be random.)
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
        if let Some(first) = bytes.first_mut() {
            *first |= 1;
        }
        bytes
    }

    /// A generator of its own, that this one determines.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::seeded([self.next_u64(), self.next_u64()])
    }

    /// A number from 0 up to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_numbers() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            [random.next_u64(), random.next_u64()]
        };
        assert_eq!(draw([1, 2]), draw([1, 2]));
        assert_ne!(draw([1, 2]), draw([1, 3]));
        let mut random = Random::seeded([0, 0]);
        assert!((0..1000).map(|_| random.unit()).all(|unit| (0.0..1.0).contains(&unit)));
    }
}
