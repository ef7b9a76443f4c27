//! The media plane as the player sees it: the Worker or the element that takes its place, the source that is
//! open in it, and the requests of that source.
//!
//! Owns which epoch, URL and request are current, and whether the Worker runs. Does not know the player's
//! state, its trace or the output.

use crate::engine::heartbeat::Heartbeat;
use crate::engine::input::PlaybackEngine;
use crate::engine::recovery::Recovery;
use crate::engine::timers::{Timer, Timers};
use crate::instrumentation::Url;
use crate::playback::PlayFailure;
use tonearm_base::time::{Duration, Instant};

/// The media plane of one player.
#[derive(Debug)]
pub(super) struct MediaLink {
    pub(super) engine: PlaybackEngine,
    /// The element failed too: the next play begins with the package's engine.
    pub(super) revert_engine: bool,
    /// Why the media plane is not available, where it is not.
    pub(super) lost: Option<PlayFailure>,
    /// The current Worker was sent its first commands.
    pub(super) hello_sent: bool,
    /// Its wasm has answered them.
    pub(super) ready: bool,
    pub(super) heartbeat: Heartbeat,
    pub(super) pings: u32,
    /// The URL to open once the output's sample rate is known.
    pub(super) waiting_url: Option<Url>,
    /// The URL that is open.
    pub(super) open_url: Option<Url>,
    pub(super) epoch: u32,
    /// The last epoch with a decoded frame.
    pub(super) decoded_epoch: u32,
    /// The last request.
    pub(super) request: u32,
    /// The first request of the open source: responses to earlier ones are late.
    pub(super) first_request: u32,
    /// The body of the last request has ended.
    pub(super) body_ended: bool,
    /// When the last time limit ends that was set; it holds for the element too.
    pub(super) limit: Instant,
    pub(super) recovery: Recovery,
}

impl Default for MediaLink {
    fn default() -> Self {
        Self {
            engine: PlaybackEngine::Stream,
            revert_engine: false,
            lost: None,
            hello_sent: false,
            ready: false,
            heartbeat: Heartbeat::default(),
            pings: 0,
            waiting_url: None,
            open_url: None,
            epoch: 0,
            decoded_epoch: 0,
            request: 0,
            first_request: 0,
            body_ended: false,
            limit: Instant::ORIGIN,
            recovery: Recovery::default(),
        }
    }
}

impl MediaLink {
    /// Whether the Worker decodes, and no media element.
    pub(super) fn is_stream(&self) -> bool {
        self.engine == PlaybackEngine::Stream
    }

    /// Whether a response is to a request of the source that is open.
    pub(super) fn is_current(&self, request: u32) -> bool {
        self.open_url.is_some() && request >= self.first_request
    }

    /// Whether a frame of the current epoch is decoded.
    pub(super) fn has_decoded(&self) -> bool {
        self.decoded_epoch == self.epoch
    }

    /// Whether the Worker's script or its wasm has not arrived.
    pub(super) fn awaits_worker(&self) -> bool {
        self.is_stream() && self.hello_sent && !self.ready
    }

    /// Whether all bytes that were requested are here and no frame is: the module of the format has not
    /// arrived.
    pub(super) fn awaits_module(&self) -> bool {
        self.body_ended && !self.has_decoded()
    }

    /// Another request is sent; returns its id.
    pub(super) fn start_request(&mut self) -> u32 {
        self.request += 1;
        self.body_ended = false;
        self.request
    }

    /// The source is not open any more, and is not about to be.
    pub(super) fn close(&mut self) {
        (self.open_url, self.waiting_url) = (None, None);
    }

    /// Another Worker takes the place of the one there was.
    pub(super) fn start_worker(&mut self, timers: &mut Timers) {
        (self.hello_sent, self.ready) = (true, false);
        self.heartbeat.reset(timers);
    }

    /// The source's next silence may last this long from `now` on.
    pub(super) fn set_limit(&mut self, timers: &mut Timers, now: Instant, limit: Duration) {
        self.limit = now + limit;
        timers.set(Timer::Arrival, self.limit);
    }
}
