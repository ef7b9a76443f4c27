//! What an endpoint answers (`ExportTraceServiceResponse` and its like: field 1 is the partial success, whose
//! fields are the number of rejected records, 1, and a message, 2), or what it says of a failure
//! (`google.rpc.Status`: field 2 is its message).

use tonearm_otlp::{Field, Reader};

/// Bytes of an endpoint's message that are kept.
const MAX_MESSAGE: usize = 1024;

/// The first field of that number, if it is of a message, of bytes or of text.
fn bytes_of(message: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut fields = Reader(message);
    while let Some((number, value)) = fields.field() {
        if let (true, Field::Bytes(bytes)) = (number == wanted, value) {
            return Some(bytes);
        }
    }
    None
}

/// Records that the endpoint rejected; `None` where the body says nothing of it, or is no such message.
pub fn parse_partial_success(body: &[u8]) -> Option<u64> {
    let mut partial = Reader(bytes_of(body, 1)?);
    while let Some((number, value)) = partial.field() {
        if let (1, Field::Varint(rejected)) = (number, value) {
            return Some(rejected);
        }
    }
    None
}

/// What the endpoint says, of a partial success or of a failure, in UTF-8 as it came; at most so much of it
/// as an app reads.
pub(super) fn server_message(status: u16, body: &[u8]) -> &[u8] {
    let message = if status < 300 {
        bytes_of(body, 1).and_then(|partial| bytes_of(partial, 2))
    } else {
        bytes_of(body, 2)
    };
    let message = message.unwrap_or_default();
    message.get(..MAX_MESSAGE).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rejected_records_and_survives_anything() {
        assert_eq!(parse_partial_success(&[]), None);
        assert_eq!(parse_partial_success(&[0x0a, 0x02, 0x08, 0x07]), Some(7));
        assert_eq!(parse_partial_success(&[0x0a, 0x04, 0x12, 0x02, b'n', b'o']), None);
        assert_eq!(parse_partial_success(&[0x0a, 0xff, 0xff]), None);
        assert_eq!(parse_partial_success(b"{\"partialSuccess\":{}}"), None);
        assert_eq!(parse_partial_success(&[0xff; 20]), None);
    }

    #[test]
    fn reads_a_bounded_message_of_a_partial_success_and_of_a_status() {
        let partial = [0x0a, 0x06, 0x08, 0x07, 0x12, 0x02, b'n', b'o'];
        assert_eq!(server_message(200, &partial), b"no");
        assert_eq!(server_message(400, &[0x08, 0x03, 0x12, 0x02, b'n', b'o']), b"no");
        for nothing in
            [&b"<html>no such page</html>"[..], b"{\"error\":\"unauthorized\"}", b"Unauthorized", &[]]
        {
            assert_eq!(server_message(401, nothing), b"");
        }
        let mut long = vec![0x12, 0xd0, 0x0f];
        long.extend([b'x'; 2000]);
        assert_eq!(server_message(400, &long), [b'x'; MAX_MESSAGE]);
    }
}
