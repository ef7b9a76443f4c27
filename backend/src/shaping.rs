//! A slow link: a body that comes in small pieces, each at its time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use crate::faults::MAX_RATE;

/// Time between two pieces.
const TICK: Duration = Duration::from_millis(5);

/// How a body is sent.
pub(crate) struct Shape {
    /// Bandwidth, in kbit/s; 0 is as fast as it goes.
    pub(crate) rate: u64,
    /// Cut the connection after so many bytes.
    pub(crate) cut: Option<usize>,
}

/// A body that is sent like this; `guard` lives until it is over.
pub(crate) fn body<G: Send + 'static>(bytes: Bytes, shape: &Shape, guard: G) -> Body {
    let Shape { rate, cut } = *shape;
    let rate = rate.min(MAX_RATE);
    let per_second = if rate == 0 { usize::MAX } else { (rate * 125) as usize };
    Body::from_stream(async_stream::stream! {
        let _guard = guard;
        let began = Instant::now();
        let mut sent = 0;
        while sent < bytes.len() {
            if cut.is_some_and(|cut| sent >= cut) {
                // What was sent before must have left, or the browser sees no response at all.
                sleep_until(Instant::now() + TICK * 4).await;
                yield Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                return;
            }
            let end = if rate == 0 {
                bytes.len().min(sent + (64 << 10))
            } else {
                let ticks = (began.elapsed().as_micros() / TICK.as_micros()) as u32 + 1;
                let due = per_second as u128 * (TICK * ticks).as_micros() / 1_000_000;
                (due as usize).clamp(sent, bytes.len())
            };
            let end = cut.map_or(end, |cut| end.min(cut.max(sent)));
            if end > sent {
                yield Ok(bytes.slice(sent..end));
                sent = end;
            }
            if rate != 0 && sent < bytes.len() {
                let ticks = (began.elapsed().as_micros() / TICK.as_micros()) as u32 + 1;
                sleep_until(began + TICK * ticks).await;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn any_rate_and_any_cut_end() {
        for rate in [0, 1 << 20, u64::MAX] {
            for cut in [None, Some(0), Some(5), Some(usize::MAX)] {
                let sent = body(Bytes::from_static(b"0123456789"), &Shape { rate, cut }, ());
                let got = axum::body::to_bytes(sent, 100).await;
                assert_eq!(got.is_ok(), cut.is_none_or(|cut| cut > 10), "{rate} {cut:?}");
            }
        }
    }
}
