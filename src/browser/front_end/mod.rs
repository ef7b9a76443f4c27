//! A player for Rust front-ends: a typed face over the npm package's scripts, which decide everything.

mod imports;
mod listener;
mod package;
mod pipelines;
mod resolve;
mod values;

use std::future::Future;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::front_end::{
    PlayerError, PlayerEvent, PlayerOptions, PlayerState, PlayerStats, Source, TrackMetadata,
};
use imports::PackagePlayer;
use values::{done, error_of, object_of};

pub use listener::Listener;
pub use package::Package;
pub(crate) use pipelines::{flush, keep_options, set_consent};
pub use resolve::ResolveContext;

/// A player of the npm package. Names are those of `HTMLMediaElement` and mean the same; what a method does
/// in detail is documented there. It ends, and gives everything back, when it is dropped.
///
/// ```no_run,standalone_crate
/// # #[cfg(target_arch = "wasm32")]
/// # async fn example() -> Result<(), tonearm::PlayerError> {
/// use tonearm::{Package, Player, PlayerEvent, PlayerOptions, Source};
///
/// let options = tonearm::Options { service_name: "shop".into(), ..tonearm::Options::default() };
/// let telemetry = tonearm::install(options);
/// let package = Package::load("/tonearm/index.js").await?;
/// let player = Player::new(&package, PlayerOptions { telemetry, ..PlayerOptions::default() })?;
/// let ended = player.on(PlayerEvent::Ended, || { /* the next track */ })?;
///
/// // In the listener of a click: both calls are made before anything is awaited.
/// let loading = player.load(&Source::new("https://cdn.example.com/tracks/1.mp3"));
/// let playing = player.play();
/// loading.await?;
/// playing.await?;
/// # drop(ended);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, PartialEq)]
pub struct Player {
    player: PackagePlayer,
}

impl Player {
    /// Makes a player.
    pub fn new(package: &Package, options: PlayerOptions) -> Result<Self, PlayerError> {
        let create = || {
            let object = object_of(&options)?;
            if let Some(handle) = options.telemetry
                && let Some(telemetry) = pipelines::pipeline_of(handle, &package.module)?
            {
                Reflect::set(&object, &"telemetry".into(), &telemetry)?;
            }
            package.module.create_player(&object)
        };
        let player = create().map_err(|thrown| error_of(&thrown))?;
        Ok(Self { player })
    }

    /// Selects a source, when it is called and not when it is awaited; the current span becomes the parent of
    /// its plays, unless the source names one. Fulfils when it is selected.
    pub fn load(&self, source: &Source) -> impl Future<Output = Result<(), PlayerError>> + use<> {
        self.load_object(source, &JsValue::UNDEFINED)
    }

    /// The same of a source whose URL is resolved when a play begins, as part of the play's trace.
    pub fn load_with<F, R, E>(
        &self,
        source: &Source,
        resolve: F,
    ) -> impl Future<Output = Result<(), PlayerError>> + use<F, R, E>
    where
        F: Fn(ResolveContext) -> R + 'static,
        R: Future<Output = Result<String, E>> + 'static,
        E: std::fmt::Display + 'static,
    {
        self.load_object(source, &resolve::resolver(resolve))
    }

    fn load_object(
        &self,
        source: &Source,
        resolver: &JsValue,
    ) -> impl Future<Output = Result<(), PlayerError>> + use<> {
        let begin = || {
            let object = object_of(&source.to_object())?;
            Reflect::set(&object, &"resolve".into(), resolver)?;
            self.player.load(&object)
        };
        done(begin())
    }

    /// Plays. The package is called at once, so that a call in the listener of a click counts as the user's;
    /// the future is fulfilled when the first sample is audible.
    pub fn play(&self) -> impl Future<Output = Result<(), PlayerError>> + use<> {
        done(self.player.play())
    }

    /// Pauses.
    pub fn pause(&self) {
        self.player.pause();
    }

    /// Back to the start, silent; the source stays.
    pub fn stop(&self) {
        self.player.stop();
    }

    /// Fetches and decodes what a play would need: the next play is audible at once.
    pub fn prepare(&self) {
        self.player.prepare();
    }

    /// Calls back at each event of that type until the guard is dropped.
    pub fn on(&self, event: PlayerEvent, callback: impl Fn() + 'static) -> Result<Listener, PlayerError> {
        Listener::new(self.player.clone(), event, callback).map_err(|thrown| error_of(&thrown))
    }

    /// The state.
    pub fn state(&self) -> PlayerState {
        let name = self.player.state();
        PlayerState::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(PlayerState::Idle)
    }

    /// Whether nothing plays, or is about to.
    pub fn paused(&self) -> bool {
        self.player.paused()
    }

    /// Whether the last frame was audible.
    pub fn ended(&self) -> bool {
        self.player.ended()
    }

    /// Whether it is on the way to another position.
    pub fn seeking(&self) -> bool {
        self.player.seeking()
    }

    /// Seconds, once they are known; infinite for a stream without an end.
    pub fn duration(&self) -> Option<f64> {
        Some(self.player.duration()).filter(|seconds| !seconds.is_nan())
    }

    /// The position in seconds.
    pub fn current_time(&self) -> f64 {
        self.player.current_time()
    }

    /// Seeks. Fails with [`PlayerError::InvalidArgument`] for a number that is not finite.
    pub fn set_current_time(&self, seconds: f64) -> Result<(), PlayerError> {
        self.player.set_current_time(seconds).map_err(|thrown| error_of(&thrown))
    }

    /// The volume, from 0 to 1.
    pub fn volume(&self) -> f64 {
        self.player.volume()
    }

    /// Sets the volume. Fails with [`PlayerError::InvalidArgument`] beyond its range.
    pub fn set_volume(&self, volume: f64) -> Result<(), PlayerError> {
        self.player.set_volume(volume).map_err(|thrown| error_of(&thrown))
    }

    /// Whether it is muted.
    pub fn muted(&self) -> bool {
        self.player.muted()
    }

    /// Mutes, or undoes that.
    pub fn set_muted(&self, muted: bool) {
        self.player.set_muted(muted);
    }

    /// Seconds of the track in a second.
    pub fn playback_rate(&self) -> f64 {
        self.player.playback_rate()
    }

    /// Sets the rate, from 0.25 to 4. Fails with [`PlayerError::NotSupported`] beyond that.
    pub fn set_playback_rate(&self, rate: f64) -> Result<(), PlayerError> {
        self.player.set_playback_rate(rate).map_err(|thrown| error_of(&thrown))
    }

    /// What ended the track, if something did.
    pub fn error(&self) -> Option<PlayerError> {
        let error = self.player.error();
        (!error.is_null()).then(|| error_of(&error))
    }

    /// The figures of the current or last play; none where the package has others than this crate knows.
    pub fn stats(&self) -> Option<PlayerStats> {
        serde_wasm_bindgen::from_value(self.player.stats()).ok()
    }

    /// What the file says of its music.
    pub fn metadata(&self) -> TrackMetadata {
        serde_wasm_bindgen::from_value(self.player.metadata().into()).unwrap_or_default()
    }

    /// The front cover, as the file has it.
    pub fn artwork(&self) -> Option<web_sys::Blob> {
        self.player.metadata().artwork()
    }

    /// W3C `traceparent` of the current or last play.
    pub fn traceparent(&self) -> Option<String> {
        self.player.traceparent()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.player.destroy();
    }
}
