//! What a file says of its music: texts, a cover, loudness. Bounded in number and size, whatever the file
//! claims.

#[cfg(any(feature = "mp3", feature = "aac", feature = "flac"))]
mod id3;
#[cfg(any(feature = "flac", feature = "vorbis", feature = "opus"))]
pub mod vorbis_comment;

#[cfg(any(feature = "mp3", feature = "aac", feature = "flac"))]
pub use id3::Id3;

/// Bytes of a tag that are kept; of a longer one the front, so that a cover at its end is left out.
pub const MOST_BYTES: usize = 8 << 20;
/// Texts of a file that are kept.
const MOST_TEXTS: usize = 64;
/// Characters of a text that are kept.
const MOST_CHARACTERS: usize = 2048;

/// Whether a tag begins with these bytes: between two files in one, or behind the last frame.
#[cfg(any(feature = "mp3", feature = "aac", feature = "flac"))]
#[inline(never)]
pub(crate) fn is_tag(bytes: &[u8]) -> bool {
    [b"TAG".as_slice(), b"ID3", b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| bytes.starts_with(tag))
}

/// A cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its MIME type, as the file names it.
    pub mime: String,
    /// The image.
    pub bytes: Vec<u8>,
}

/// The loudness that a file states: gains in decibels, peaks as factors.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loudness {
    /// Of the track (`ReplayGain` 2.0; of R128 tags, brought to its reference).
    pub track_gain: Option<f32>,
    /// Its loudest sample.
    pub track_peak: Option<f32>,
    /// Of the album.
    pub album_gain: Option<f32>,
    /// Its loudest sample.
    pub album_peak: Option<f32>,
}

/// What a file says of its music.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tags {
    /// Names as in Vorbis comments, in small letters, and values.
    pub texts: Vec<(String, String)>,
    /// The front cover, or the first picture.
    pub picture: Option<Picture>,
    /// `ReplayGain` and R128.
    pub loudness: Loudness,
    /// Grows with each change.
    pub version: u32,
}

impl Tags {
    /// Notes a text; loudness is noted as such.
    pub fn note(&mut self, name: &str, value: &str) {
        let name = name.trim_ascii().to_ascii_lowercase();
        let value = value.trim_matches(['\0', ' ', '\n', '\r', '\t']);
        if name.is_empty() || value.is_empty() || self.texts.len() >= MOST_TEXTS {
            return;
        }
        self.version += 1;
        let number = || decimal(value);
        let loudness = &mut self.loudness;
        match name.as_str() {
            "replaygain_track_gain" => loudness.track_gain = number(),
            "replaygain_track_peak" => loudness.track_peak = number(),
            "replaygain_album_gain" => loudness.album_gain = number(),
            "replaygain_album_peak" => loudness.album_peak = number(),
            // RFC 7845 section 5.2.1: Q7.8 decibels to −23 LUFS; `ReplayGain`'s reference is 5 dB louder.
            "r128_track_gain" => loudness.track_gain = number().map(|gain| gain / 256.0 + 5.0),
            "r128_album_gain" => loudness.album_gain = number().map(|gain| gain / 256.0 + 5.0),
            _ => {
                self.texts.push((name, front(value, MOST_CHARACTERS)));
            }
        }
    }

    /// Notes a picture: the first, and a front cover (type 3) in its place.
    pub fn note_picture(&mut self, kind: u32, mime: &str, bytes: &[u8]) {
        let Some(mime) = raster_type(mime, bytes) else { return };
        if self.picture.is_some() && kind != 3 {
            return;
        }
        self.version += 1;
        self.picture = Some(Picture { mime: mime.into(), bytes: bytes.to_vec() });
    }

    /// Where the channels are heard, by the comment that stands for WAVEFORMATEXTENSIBLE's `dwChannelMask`
    /// (RFC 9639 section 8.6.2); 0 where there is none.
    pub fn channel_mask(&self) -> u32 {
        let text = self.text("waveformatextensible_channel_mask").unwrap_or_default();
        let [b'0', b'x' | b'X', digits @ ..] = text.as_bytes() else { return 0 };
        let mask = digits
            .iter()
            .try_fold(0u32, |mask, &byte| Some(mask.checked_mul(16)? | char::from(byte).to_digit(16)?));
        mask.unwrap_or(0)
    }

    /// A text by its name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The MIME type of a raster image by its first bytes (WHATWG MIME Sniffing section 6.1, and AVIF); none
/// where they are of no such image, or where the file states a type that a browser would not show as one. A
/// page may open a cover as a document of its own origin: what could run as a script there is no cover.
fn raster_type(stated: &str, bytes: &[u8]) -> Option<&'static str> {
    const STATED: [&str; 8] = ["jpeg", "jpg", "pjpeg", "png", "gif", "webp", "bmp", "avif"];
    let stated = stated.trim_matches(['\0', ' ']);
    let subtype = match stated.split_at_checked(6) {
        Some((kind, subtype)) if kind.eq_ignore_ascii_case("image/") => subtype,
        _ => stated,
    };
    let subtype = subtype.strip_prefix("x-").unwrap_or(subtype);
    if !subtype.is_empty() && !STATED.iter().any(|known| subtype.eq_ignore_ascii_case(known)) {
        return None;
    }
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some("image/gif")
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if starts(b"BM") {
        Some("image/bmp")
    } else if matches!(bytes.get(4..12), Some(b"ftypavif" | b"ftypavis")) {
        Some("image/avif")
    } else {
        None
    }
}

/// A number with a sign and a point at the front of a text: `-6.48 dB`. The standard library's parser weighs
/// as much as a demuxer.
fn decimal(text: &str) -> Option<f32> {
    let digits = text.trim_start_matches(['+', '-']);
    let (mut value, mut scale, mut seen) = (0.0, 1.0, false);
    let mut point = false;
    for byte in digits.bytes().take(16) {
        match byte {
            b'0'..=b'9' => {
                value = value * 10.0 + f32::from(byte - b'0');
                scale *= if point { 10.0 } else { 1.0 };
                seen = true;
            }
            b'.' | b',' if !point => point = true,
            _ => break,
        }
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    seen.then_some(sign * value / scale)
}

/// Characters as text: one loop for all, which `collect` would be anew for each kind of iterator.
fn text_of(next: &mut dyn FnMut() -> Option<char>) -> String {
    let mut text = String::new();
    while let Some(character) = next() {
        text.push(character);
    }
    text
}

/// The first characters of a text.
fn front(text: &str, most: usize) -> String {
    let mut characters = text.chars();
    let mut left = most;
    text_of(&mut || {
        left = left.checked_sub(1)?;
        characters.next()
    })
}

/// Latin-1, as text.
pub fn latin1(bytes: &[u8]) -> String {
    let mut bytes = bytes.iter();
    text_of(&mut || bytes.next().map(|&byte| char::from(byte)))
}
