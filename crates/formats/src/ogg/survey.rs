//! How long a file will turn out to be: looks through the headers of the pages in memory, of every stream of
//! a chain, before their packets are taken.
//!
//! Knows of packets nothing but what names their codec and their rate. A page is believed by its capture
//! pattern alone: what comes of it is an estimate.

use super::mapping::Mapping;
use super::page::lacing;
use crate::bytes::{Reader, Window};
use crate::demux::extrapolate;

/// Pages that are looked at in one call.
const MAX_PAGES: usize = 256;
/// Frames from 0 up to which the first page of a stream may end; a stream that begins later was cut from a
/// longer one.
const MAX_FIRST_FRAMES: u64 = 48_000 * 30;
/// The unit of time in which streams of different rates are added up: in a second.
const TICKS: u64 = 1_000_000;

/// Time that has to be seen for an estimate, in ticks.
const MIN_TICKS: u64 = TICKS / 2;

fn ticks(frames: u64, rate: u32) -> u64 {
    (u128::from(frames) * u128::from(TICKS) / u128::from(rate.max(1))) as u64
}

/// The stream of a page.
#[derive(Debug, Clone, Copy)]
struct Current {
    serial: u32,
    rate: u32,
    /// The granule position of its first frame, once a page of music was seen.
    base: Option<u64>,
    /// Ticks to the end of the last page.
    ticks: u64,
}

/// What was seen of a file from the first page of music of one stream on.
#[derive(Debug, Default)]
pub(super) struct Survey {
    from: u64,
    to: u64,
    /// Ticks of the streams that are over.
    passed: u64,
    current: Option<Current>,
}

impl Survey {
    /// Of a stream whose music begins at byte `from`, and which has `frames` up to byte `to`.
    pub(super) fn new((from, to): (u64, u64), serial: u32, rate: u32, base: i64, frames: u64) -> Self {
        let base = Some(base.max(0).cast_unsigned());
        Self {
            from,
            to,
            passed: 0,
            current: Some(Current { serial, rate, base, ticks: ticks(frames, rate) }),
        }
    }

    /// Looks at the pages in `window` that were not looked at.
    pub(super) fn advance(&mut self, window: &Window) {
        for _ in 0..MAX_PAGES {
            let Some(at) = self.to.checked_sub(window.offset()) else { return };
            let rest = window.rest().get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default();
            let Some((start, end)) = lacing(rest).filter(|(_, end)| *end <= rest.len()) else { return };
            let (head, body) = rest[..end].split_at(start);
            self.page(head, body);
            self.to += end as u64;
        }
    }

    fn page(&mut self, head: &[u8], body: &[u8]) {
        let mut fields = Reader(&head[5..]);
        let (Some(flags), Some(granule), Some(serial)) = (fields.le(1), fields.le(8), fields.le(4)) else {
            return;
        };
        if flags & 2 != 0 {
            // The next stream of a chain.
            if let Some(rate) = Mapping::begin(body).and_then(|mapping| mapping.sample_rate()) {
                self.passed = self.passed.saturating_add(self.current.map_or(0, |current| current.ticks));
                self.current = Some(Current { serial: serial as u32, rate, base: None, ticks: 0 });
            }
            return;
        }
        let Some(current) = self.current.as_mut().filter(|current| u64::from(current.serial) == serial)
        else {
            return;
        };
        // Pages of headers have 0; −1 is none.
        if granule == 0 || granule >= 1 << 62 {
            return;
        }
        let late = if granule > MAX_FIRST_FRAMES { granule } else { 0 };
        let frames = granule.saturating_sub(*current.base.get_or_insert(late));
        current.ticks = ticks(frames, current.rate);
    }

    /// Seconds of a file of `total` bytes, from where the survey began.
    pub(super) fn seconds(&self, total: u64) -> Option<f64> {
        let ticks = self.passed.saturating_add(self.current.map_or(0, |current| current.ticks));
        let all = extrapolate((self.to - self.from, ticks), total.checked_sub(self.from)?)?;
        (ticks >= MIN_TICKS || self.to >= total).then_some(all as f64 / TICKS as f64)
    }
}
