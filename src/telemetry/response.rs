//! What an endpoint answers (`ExportTraceServiceResponse` and its like: field 1 is the partial success, whose
//! field 1 is the number of rejected records).

use tonearm_otlp::{Field, Reader};

/// Records that the endpoint rejected; `None` where the body says nothing of it, or is no such message.
pub fn parse_partial_success(body: &[u8]) -> Option<u64> {
    let mut response = Reader(body);
    while let Some((number, value)) = response.field() {
        if let (1, Field::Bytes(partial)) = (number, value) {
            let mut partial = Reader(partial);
            while let Some((number, value)) = partial.field() {
                if let (1, Field::Varint(rejected)) = (number, value) {
                    return Some(rejected);
                }
            }
        }
    }
    None
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
}
