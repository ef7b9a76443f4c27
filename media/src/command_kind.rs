//! The first bytes of commands that the Worker's script answers itself, since it can before the wasm is there.

#[cfg(all(target_arch = "wasm32", feature = "module"))]
use wasm_bindgen::prelude::wasm_bindgen;

/// The first byte of a command.
#[cfg_attr(all(target_arch = "wasm32", feature = "module"), wasm_bindgen)]
#[derive(Debug, Clone, Copy)]
pub enum CommandKind {
    /// [`tonearm_messages::Command::Ping`].
    Ping = 12,
}

#[cfg(test)]
mod tests {
    use tonearm_messages::{Command, Wire};

    use super::*;

    #[test]
    fn a_ping_begins_with_its_kind() {
        assert_eq!(Command::Ping { id: 7 }.to_bytes()[0], CommandKind::Ping as u8);
    }
}
