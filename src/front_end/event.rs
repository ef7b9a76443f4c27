//! The events of a player.

/// An event of a player. `timeupdate` comes four times a second from when it is first listened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlayerEvent {
    /// `statechange`: the state is another one.
    StateChange,
    /// `emptied`: the source before is gone.
    Emptied,
    /// `loadstart`: the media is being fetched.
    LoadStart,
    /// `loadedmetadata`: format and length are known.
    LoadedMetadata,
    /// `durationchange`: the length is another one.
    DurationChange,
    /// `canplay`: there are enough samples to begin.
    CanPlay,
    /// `progress`: media was fetched.
    Progress,
    /// `metadatachange`: the file's tags are read.
    MetadataChange,
    /// `play`: a play was requested.
    Play,
    /// `waiting`: samples are missing.
    Waiting,
    /// `playing`: the track is audible.
    Playing,
    /// `pause`: the track is paused.
    Pause,
    /// `ended`: the last frame was audible.
    Ended,
    /// `seeking`: a seek has begun.
    Seeking,
    /// `seeked`: the new position is audible.
    Seeked,
    /// `timeupdate`: the position is another one.
    TimeUpdate,
    /// `volumechange`: the volume or `muted` is another one.
    VolumeChange,
    /// `ratechange`: the rate is another one.
    RateChange,
    /// `error`: the track can't go on.
    Error,
}

impl PlayerEvent {
    /// Every event, in the order of the package's `PlayerEventName`.
    pub const ALL: [Self; 19] = [
        Self::StateChange,
        Self::Emptied,
        Self::LoadStart,
        Self::LoadedMetadata,
        Self::DurationChange,
        Self::CanPlay,
        Self::Progress,
        Self::MetadataChange,
        Self::Play,
        Self::Waiting,
        Self::Playing,
        Self::Pause,
        Self::Ended,
        Self::Seeking,
        Self::Seeked,
        Self::TimeUpdate,
        Self::VolumeChange,
        Self::RateChange,
        Self::Error,
    ];

    /// The event's type.
    pub fn name(self) -> &'static str {
        match self {
            Self::StateChange => "statechange",
            Self::Emptied => "emptied",
            Self::LoadStart => "loadstart",
            Self::LoadedMetadata => "loadedmetadata",
            Self::DurationChange => "durationchange",
            Self::CanPlay => "canplay",
            Self::Progress => "progress",
            Self::MetadataChange => "metadatachange",
            Self::Play => "play",
            Self::Waiting => "waiting",
            Self::Playing => "playing",
            Self::Pause => "pause",
            Self::Ended => "ended",
            Self::Seeking => "seeking",
            Self::Seeked => "seeked",
            Self::TimeUpdate => "timeupdate",
            Self::VolumeChange => "volumechange",
            Self::RateChange => "ratechange",
            Self::Error => "error",
        }
    }
}
