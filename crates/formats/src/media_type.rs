//! Which MIME types can be played: those of the formats that there are modules of.
//!
//! Scripts answer the same before the core is there (`pkg/src/before/media_types.ts`), held to this by shared
//! vectors.

/// What `HTMLMediaElement.canPlayType()` says of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanPlayType {
    /// It can't be played.
    No,
    /// The container can, if its codec is one of those.
    Maybe,
    /// Container and codec can.
    Probably,
}

/// Containers by their subtypes, and whether the subtype names the codec as well.
const CONTAINERS: [(&str, bool); 10] = [
    ("mpeg", true),
    ("mp3", true),
    ("flac", true),
    ("opus", true),
    ("aac", false),
    ("mp4", false),
    ("m4a", false),
    ("ogg", false),
    ("wav", false),
    ("wave", false),
];

/// Codecs by their names in the parameter `codecs` (RFC 6381).
const CODECS: [&str; 11] = [
    "mp3",
    "mp4a.40.2",
    "mp4a.40.5",
    "mp4a.40.29",
    "mp4a.40.34",
    "mp4a.69",
    "mp4a.6b",
    "flac",
    "opus",
    "vorbis",
    "1",
];

/// Decides by a MIME type, with its parameter `codecs` if it has one.
pub fn can_play_type(media_type: &str) -> CanPlayType {
    let lower = media_type.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("audio/") else { return CanPlayType::No };
    let end = rest.find(|c: char| c == ';' || c.is_whitespace()).unwrap_or(rest.len());
    let (subtype, parameters) = rest.split_at(end);
    let subtype = subtype.strip_prefix("x-").unwrap_or(subtype);
    let Some((_, names_codec)) = CONTAINERS.iter().find(|(name, _)| *name == subtype) else {
        return CanPlayType::No;
    };
    let codecs = parameters.rsplit_once("codecs=").map(|(_, value)| value.trim_start_matches('"'));
    match codecs.map(|value| value.split('"').next().unwrap_or_default().trim()) {
        None | Some("") if *names_codec => CanPlayType::Probably,
        None | Some("") => CanPlayType::Maybe,
        Some(codec) if CODECS.contains(&codec) => CanPlayType::Probably,
        Some(_) => CanPlayType::No,
    }
}
