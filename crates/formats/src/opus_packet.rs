//! How long an Opus packet lasts (RFC 6716 section 3.1).

/// Frames of a packet at 48 kHz: those of its configuration times their count.
pub(crate) fn duration(packet: &[u8]) -> Option<u32> {
    let &toc = packet.first()?;
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => 120 << (config & 3),
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    let frames = frame * count;
    (1..=5760).contains(&frames).then_some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_by_the_table() {
        assert_eq!(duration(&[0b0000_0000]), Some(480));
        assert_eq!(duration(&[0b0001_1000]), Some(2880));
        assert_eq!(duration(&[0b0110_1001]), Some(1920));
        assert_eq!(duration(&[0b1111_1000]), Some(960));
        assert_eq!(duration(&[0b1111_1011, 6]), Some(5760));
        assert_eq!(duration(&[0b1111_1111, 7]), None);
        assert_eq!(duration(&[]), None);
    }
}
