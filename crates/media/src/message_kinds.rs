//! The first bytes of messages, for scripts that answer a command themselves (the Worker's) or stand in for
//! the media plane (the media element's). The grammar is `crates/messages`'; tests hold these numbers against
//! it.

#[cfg(all(target_arch = "wasm32", feature = "module"))]
use wasm_bindgen::prelude::wasm_bindgen;

/// Kinds of [`tonearm_messages::Command`].
#[cfg_attr(all(target_arch = "wasm32", feature = "module"), wasm_bindgen)]
#[derive(Debug, Clone, Copy)]
pub enum CommandKind {
    /// `Hello`.
    Hello = 0,
    /// `Open`.
    Open = 1,
    /// `Fetch`.
    Fetch = 2,
    /// `Seek`.
    Seek = 3,
    /// `Close`.
    Close = 4,
    /// `Finish`.
    Finish = 5,
    /// `Ping`.
    Ping = 12,
}

/// Kinds of those [`tonearm_messages::Fact`]s that a media element has.
#[cfg_attr(all(target_arch = "wasm32", feature = "module"), wasm_bindgen)]
#[derive(Debug, Clone, Copy)]
pub enum FactKind {
    /// `Hello`.
    Hello = 0,
    /// `ResponseHead`.
    ResponseHead = 2,
    /// `FirstByte`.
    FirstByte = 3,
    /// `BodyEnd`.
    BodyEnd = 4,
    /// `Format`.
    Format = 5,
    /// `FirstDecoded`.
    FirstDecoded = 6,
    /// `Buffered`.
    Buffered = 8,
    /// `DecodedAll`.
    DecodedAll = 10,
    /// `Failed`.
    Failed = 11,
}

/// Kinds of those [`tonearm_messages::BodyEnd`]s that a media element has.
#[cfg_attr(all(target_arch = "wasm32", feature = "module"), wasm_bindgen)]
#[derive(Debug, Clone, Copy)]
pub enum BodyEndKind {
    /// `Complete`.
    Complete = 0,
    /// `Failed`.
    Failed = 2,
}

/// Kinds of those [`tonearm_messages::MediaError`]s that a media element has.
#[cfg_attr(all(target_arch = "wasm32", feature = "module"), wasm_bindgen)]
#[derive(Debug, Clone, Copy)]
pub enum MediaErrorKind {
    /// `UnsupportedFormat`.
    UnsupportedFormat = 0,
    /// `Undecodable`.
    Undecodable = 1,
}
