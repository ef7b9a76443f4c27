//! The metadata of iTunes: `moov/udta/meta/ilst`.

use super::boxes::{child, children, descendant};
use crate::bytes::Reader;
use crate::tags::Tags;

/// Reads the list.
pub(super) fn read(moov: &[u8], tags: &mut Tags) {
    let Some(meta) = descendant(moov, &[b"udta", b"meta"]) else { return };
    // A full box as ISO has it, a plain one as QuickTime has it.
    let list = meta.get(4..).and_then(|meta| child(meta, *b"ilst")).or_else(|| child(meta, *b"ilst"));
    for (kind, item) in list.into_iter().flat_map(children) {
        let Some(data) = child(item, *b"data") else { continue };
        let mut rest = Reader(data);
        let (Some(form), Some(_locale)) = (rest.u32(), rest.u32()) else { continue };
        let value = rest.0;
        let text = || String::from_utf8_lossy(value).into_owned();
        let name = match &kind {
            b"\xa9nam" => "title",
            b"\xa9ART" => "artist",
            b"\xa9alb" => "album",
            b"aART" => "albumartist",
            b"\xa9day" => "date",
            b"\xa9gen" => "genre",
            b"\xa9wrt" => "composer",
            b"cprt" => "copyright",
            b"trkn" | b"disk" => {
                let number = value.get(2..4).map(|number| u16::from_be_bytes([number[0], number[1]]));
                if let Some(number) = number.filter(|&number| number > 0) {
                    let mut buffer = String::new();
                    push_number(&mut buffer, number);
                    tags.note(if &kind == b"trkn" { "tracknumber" } else { "discnumber" }, &buffer);
                }
                continue;
            }
            b"covr" => {
                let mime = if form == 14 { "image/png" } else { "image/jpeg" };
                tags.note_picture(3, mime, value);
                continue;
            }
            b"----" => {
                if let Some(name) = child(item, *b"name").and_then(|name| name.get(4..)) {
                    tags.note(&String::from_utf8_lossy(name), &text());
                }
                continue;
            }
            _ => continue,
        };
        tags.note(name, &text());
    }
}

/// Decimal digits, without the code of `format!`.
fn push_number(out: &mut String, number: u16) {
    if number > 9 {
        push_number(out, number / 10);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}
