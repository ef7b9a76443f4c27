//! Boxes (ISO/IEC 14496-12 section 4.2): a size, a type, and what is within.

use crate::bytes::Reader;

/// A box's type.
pub(super) type Kind = [u8; 4];

/// The header of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxHeader {
    /// Its type.
    pub kind: Kind,
    /// Bytes of the header.
    pub len: u64,
    /// Bytes of the whole; none where it reaches to the end of the file.
    pub size: Option<u64>,
}

/// Bytes of the longest header that matters.
pub(super) const MOST_HEADER: usize = 16;

/// What some bytes say about a header there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// It is one.
    Header(BoxHeader),
    /// Its size is less than its own.
    Unsound,
    /// There are too few bytes.
    NeedBytes,
}

/// Reads the header at the front of some bytes.
pub(super) fn header(bytes: &[u8]) -> Parsed {
    match fields(&mut Reader(bytes)) {
        None => Parsed::NeedBytes,
        Some(header) if header.size.is_none_or(|size| size >= header.len) => Parsed::Header(header),
        Some(_) => Parsed::Unsound,
    }
}

fn fields(rest: &mut Reader<'_>) -> Option<BoxHeader> {
    let size = u64::from(rest.u32()?);
    let kind = *rest.take(4)?.first_chunk()?;
    let (len, size) = match size {
        0 => (8, None),
        1 => (16, Some(rest.be(8)?)),
        size => (8, Some(size)),
    };
    Some(BoxHeader { kind, len, size })
}

/// The boxes that some bytes hold; of the last one as much as there is.
pub(super) fn children(bytes: &[u8]) -> impl Iterator<Item = (Kind, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let Parsed::Header(header) = header(rest) else { return None };
        let size = header.size.map_or(rest.len(), |size| size.min(rest.len() as u64) as usize);
        let body = rest.get(header.len as usize..size)?;
        rest = &rest[size..];
        Some((header.kind, body))
    })
}

/// The first box of a type.
pub(super) fn child(bytes: &[u8], kind: Kind) -> Option<&[u8]> {
    children(bytes).find(|(found, _)| *found == kind).map(|(_, body)| body)
}

/// The first box at the end of a path.
pub(super) fn descendant<'a>(bytes: &'a [u8], path: &[&Kind]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| child(bytes, **kind))
}
