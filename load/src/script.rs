//! What a listener does: one play after another, each drawn from seeded dice. Times are whole milliseconds.

use tonearm_base::random::Random;

use crate::world::World;

/// Seeded dice.
pub(crate) struct Dice(Random);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Random::seeded([seed, 0x7e11]))
    }

    pub(crate) fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    pub(crate) fn random(&mut self) -> Random {
        self.0.fork()
    }

    pub(crate) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.0.unit()
    }

    /// Whole milliseconds.
    pub(crate) fn millis(&mut self, least: f64, most: f64) -> f64 {
        self.between(least, most).floor()
    }

    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        self.0.unit() < chance
    }

    pub(crate) fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = (self.0.unit() * of.len() as f64) as usize;
        of.get(at).copied().unwrap_or_default()
    }
}

/// How a play ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ending {
    /// The node answers with this status: it never starts.
    Refused(u16),
    /// The listener leaves before the sound.
    Left,
    /// It is heard for so long (milliseconds, whole reports of [`REPORT`]).
    Heard(f64),
}

/// Milliseconds between two reports of the worklet.
pub(crate) const REPORT: f64 = 400.0;

/// One play.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    /// Milliseconds of silence before it.
    pub(crate) pause: f64,
    /// Request → response head → first byte → first frame → first audible sample.
    pub(crate) steps: [f64; 4],
    pub(crate) node: &'static str,
    pub(crate) ending: Ending,
    /// A stall after so many reports, and how long it is.
    pub(crate) stall: Option<(u32, f64)>,
    /// Packets of its four hundred that can't be decoded.
    pub(crate) damaged: u32,
}

/// CDN nodes by region.
pub(crate) const REGIONS: [(&str, [&str; 2]); 3] =
    [("eu", ["fra-1", "fra-2"]), ("us", ["iad-1", "iad-2"]), ("asia", ["sin-1", "sin-2"])];

/// Draws a play. What is wrong with the region and the node makes it worse.
pub(crate) fn play(dice: &mut Dice, region: usize, world: &World) -> Play {
    let (name, nodes) = REGIONS[region % REGIONS.len()];
    let node = dice.one_of(&nodes);
    let wrong = world.of(name, node);
    let slow = wrong.slow.max(1.0);
    let steps = [
        dice.millis(8.0, 60.0) * slow,
        dice.millis(1.0, 10.0) * slow,
        dice.millis(1.0, 4.0),
        dice.millis(20.0, 80.0),
    ]
    .map(f64::floor);
    let ending = if dice.happens(0.001 + wrong.refused) {
        Ending::Refused(dice.one_of(&["404", "503"]).parse().unwrap_or(404))
    } else if dice.happens(0.02) {
        Ending::Left
    } else {
        Ending::Heard(REPORT * dice.millis(10.0, 60.0))
    };
    let stall = (matches!(ending, Ending::Heard(_)) && dice.happens(0.005 + wrong.stalls))
        .then(|| (2, dice.millis(200.0, 3000.0)));
    let damaged = if dice.happens(wrong.damaged) { 200 } else { 0 };
    Play { pause: dice.millis(500.0, 5000.0), steps, node, ending, stall, damaged }
}
