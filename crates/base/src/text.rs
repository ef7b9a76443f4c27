//! Text of bytes. The lossy conversion of the standard library weighs more than all text that crosses needs.

/// Text of bytes in ISO 8859-1, of which ASCII is a part: each byte becomes the character of that number.
pub fn latin1(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        text.push(char::from(*byte));
    }
    text
}
