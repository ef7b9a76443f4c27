//! The instruments of the player, with their units and the attributes that tell their series apart. None of
//! them tells one listener from another.

use super::semconv as name;
use tonearm_telemetry::{Instrument, Kind};

macro_rules! instruments {
    ($($(#[$doc:meta])* $metric:ident = $name:literal, $unit:literal, $kind:ident, [$($key:ident),*];)*) => {
        /// The player's instruments, by their number in a pipeline.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[$doc])* $metric,)*
        }

        /// Their declarations, in that order.
        pub const INSTRUMENTS: &[Instrument<'static>] =
            &[$(Instrument::new($name, $unit, Kind::$kind, &[$(name::$key),*]),)*];
    };
}

instruments! {
    /// Play request → first audible sample.
    TrackPlayLatency = "track.play.latency", "s", Histogram, [TRACK_PLAY_TRIGGER, AUDIO_OUTPUT_METHOD, CDN_NODE];
    /// The parts that the latency is the sum of.
    TrackPlayPhase = "track.play.phase", "s", Histogram, [PHASE, CDN_NODE];
    /// Plays by how they came out.
    TrackPlayAttempts = "track.play.attempts", "{play}", Counter, [OUTCOME, ERROR_CLASS, CDN_NODE];
    /// Audio that was heard.
    TrackPlayTime = "track.play.time", "s", Counter, [CDN_NODE];
    /// Waiting: startup, stall, seek.
    TrackBufferTime = "track.buffer.time", "s", Counter, [CAUSE, CDN_NODE];
    /// Unintended stops after the start.
    TrackStalls = "track.stalls", "{stall}", Counter, [CAUSE, CDN_NODE];
    /// How long they were.
    TrackStallDuration = "track.stall.duration", "s", Histogram, [CAUSE, CDN_NODE];
    /// Seek request → audio at the new position.
    TrackSeekLatency = "track.seek.latency", "s", Histogram, [];
    /// Silence that the worklet had to insert.
    AudioBufferUnderflow = "audio.buffer.underflow", "s", Counter, [CDN_NODE];
    /// How often.
    AudioBufferUnderflows = "audio.buffer.underflows", "{underflow}", Counter, [CDN_NODE];
    /// Packets that a decoder was given.
    AudioDecodeAttempts = "audio.decode.attempts", "{packet}", Counter, [AUDIO_CODEC, CDN_NODE];
    /// Those of them that became silence.
    AudioDecodeFailed = "audio.decode.failures", "{packet}", Counter, [AUDIO_CODEC, CDN_NODE, ERROR_TYPE];
    /// Sessions that began.
    PlayerSessions = "player.sessions", "{session}", Counter, [];
    /// One each 30 s of a session in which something is to be heard.
    PlayerSessionHeartbeats = "player.session.heartbeats", "{heartbeat}", Counter, [];
    /// Every edge of the state machine.
    PlayerStateTransitions = "player.state.transitions", "{transition}", Counter, [FROM, TO];
    /// As OpenTelemetry defines it; in the order in which an app's requests tell it too (`traced_fetch.js`),
    /// as one series.
    HttpClientRequestDuration = "http.client.request.duration", "s", Histogram,
        [HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, ERROR_TYPE, SERVER_ADDRESS, SERVER_PORT, CDN_NODE];
    /// Searches in the library, by whether something was found: an app's call.
    MusicSearchResults = "music.search.results", "{search}", Counter, [HIT];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_know_the_numbers_of_theirs() {
        assert_eq!(Metric::HttpClientRequestDuration as usize, 15);
        assert_eq!(INSTRUMENTS[15].name, b"http.client.request.duration");
        assert_eq!(INSTRUMENTS[Metric::MusicSearchResults as usize].name, b"music.search.results");
        assert_eq!(Metric::MusicSearchResults as usize, 16);
    }
}
