//! Finds a frame in a stream that says where it is only by itself: guesses a byte, reads where that lies,
//! guesses again.
//!
//! Interpolates between the nearest known places, and aims a little before the frame: what lies behind it is
//! of no use.

/// Guesses before the best place so far is taken.
const MOST_GUESSES: u32 = 8;

/// A place: a byte of the file, and the frame that begins there.
pub(crate) type Place = (u64, u64);

/// A search under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Search {
    /// The frame that is looked for.
    target: u64,
    /// How many frames before it are near enough.
    near: u64,
    low: Place,
    high: Place,
    guess: u64,
    guesses: u32,
}

/// What a found place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Near enough: go on from here.
    Here,
    /// Look at this byte next.
    Look(u64),
    /// Take this one, which was seen before: nothing nearer was found.
    Seen(u64),
}

impl Search {
    /// A search for `target` between two places; `near` frames before it are near enough.
    pub(crate) fn new(target: u64, near: u64, low: Place, high: Place) -> Self {
        let high = (high.0.max(low.0), high.1.max(low.1.saturating_add(1)));
        let mut search = Self { target, near, low, high, guess: low.0, guesses: 0 };
        search.guess = search.interpolate();
        search
    }

    /// The byte to look at.
    pub(crate) fn guess(&self) -> u64 {
        self.guess
    }

    fn interpolate(&self) -> u64 {
        let ((low, from), (high, to)) = (self.low, self.high);
        let aim = self.target.saturating_sub(self.near / 2).max(from);
        let share = (aim - from) as f64 / (to - from).max(1) as f64;
        low + ((high - low) as f64 * share.min(1.0)) as u64
    }

    /// At or behind the guess lies `place`.
    pub(crate) fn found(&mut self, place: Place) -> Found {
        self.guesses += 1;
        let (byte, at) = place;
        if at <= self.target && self.target - at <= self.near {
            return Found::Here;
        }
        if at <= self.target && byte >= self.low.0 {
            self.low = place;
        } else if at > self.target {
            // Nothing between the guess and it begins earlier: the next guess must lie before the guess.
            self.high = (self.guess, at);
        }
        let tired = self.guesses >= MOST_GUESSES || self.high.0 <= self.low.0 || self.high.1 <= self.low.1;
        let next = self.interpolate();
        if tired || next == self.guess {
            return if byte == self.low.0 { Found::Here } else { Found::Seen(self.low.0) };
        }
        self.guess = next;
        Found::Look(next)
    }

    /// Behind the guess lies nothing more: the end of the file.
    pub(crate) fn nothing(&mut self) -> Found {
        let at = self.high.1;
        self.found((self.guess, at.max(self.target + 1)))
    }
}

/// What `found` means for a search: the byte to go to, or none where the track goes on from here.
pub(crate) fn follow(search: &mut Option<Search>, found: Found) -> Option<u64> {
    let (goes_on, byte) = match found {
        Found::Here => (false, None),
        Found::Look(byte) => (true, Some(byte)),
        Found::Seen(byte) => (false, Some(byte)),
    };
    if !goes_on {
        *search = None;
    }
    byte
}

/// The bytes are over at `offset`, without a place after the last guess: the byte to go to, or none where no
/// search is under way, or nothing is left to look at.
pub(crate) fn pass_end(search: &mut Option<Search>, offset: u64) -> Option<u64> {
    let found = search.as_mut()?.nothing();
    let byte = follow(search, found).filter(|&byte| byte < offset);
    if byte.is_none() {
        *search = None;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of unequal length; how many looks each frame takes.
    #[test]
    fn a_few_looks_find_any_frame() {
        let mut random = 1u64;
        let mut places = vec![(0, 0)];
        while places.len() < 2000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (byte, at) = places[places.len() - 1];
            places.push((byte + 2000 + (random >> 33) % 6000, at + 4000 + (random >> 50) % 4000));
        }
        let last = places[places.len() - 1];
        let mut looks = 0;
        for target in (0..last.1).step_by(99_991) {
            let mut search = Search::new(target, 48_000, (0, 0), last);
            let mut look = search.guess();
            let place = loop {
                looks += 1;
                let place = *places.iter().find(|place| place.0 >= look).unwrap();
                match search.found(place) {
                    Found::Here => break place,
                    Found::Look(next) => look = next,
                    Found::Seen(byte) => break *places.iter().find(|place| place.0 >= byte).unwrap(),
                }
            };
            assert!(place.1 <= target && target - place.1 <= 48_000, "{target}: {place:?}");
        }
        assert!(looks < 3 * (last.1 / 99_991 + 1), "{looks} looks");
    }
}
