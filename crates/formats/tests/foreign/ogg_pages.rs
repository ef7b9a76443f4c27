//! Ogg at the border of its demuxer, in pages that are made here: where a seek goes to, what the first page
//! says of the rate, and the bound of what comes before the music.

use tonearm_formats::demux::{Demux, DemuxError, Step, Stream};
use tonearm_formats::ogg::Demuxer;

use super::flac::{flac_of, frame};
use super::ogg::mend_first_page;

/// Flags of a first page, and of one whose first packet began before.
const BEGINS: u8 = 2;
const CONTINUED: u8 = 1;
/// Frames of a page of ten packets of Opus, 20 ms each.
const PAGE: u64 = 9600;
/// Frames of Opus that a seek runs up.
const PREROLL: u64 = 9600;

/// Pages of one stream.
#[derive(Default)]
struct Pages {
    bytes: Vec<u8>,
    count: u32,
}

impl Pages {
    fn page(&mut self, flags: u8, granule: u64, lacing: &[u8], body: &[u8]) {
        let mut page = [b"OggS\0".as_slice(), &[flags], &granule.to_le_bytes(), &[7, 0, 0, 0]].concat();
        page.extend(self.count.to_le_bytes());
        page.extend([0, 0, 0, 0, lacing.len() as u8]);
        page.extend([lacing, body].concat());
        mend_first_page(&mut page);
        self.bytes.extend(page);
        self.count += 1;
    }

    /// Whole packets, fewer than 255 bytes each.
    fn packets(&mut self, flags: u8, granule: u64, packets: &[Vec<u8>]) {
        let lacing: Vec<_> = packets.iter().map(|packet| packet.len() as u8).collect();
        self.page(flags, granule, &lacing, &packets.concat());
    }

    /// A packet of many pages.
    fn long_packet(&mut self, packet: &[u8]) {
        let pieces = packet.chunks_exact(255 * 255);
        let rest = pieces.remainder();
        for (number, piece) in pieces.enumerate() {
            self.page(if number > 0 { CONTINUED } else { 0 }, u64::MAX, &[255; 255], piece);
        }
        let mut lacing = vec![255; rest.len() / 255];
        lacing.push((rest.len() % 255) as u8);
        self.page(CONTINUED, 0, &lacing, rest);
    }
}

/// Ten seconds of Opus after 200 KB of tags; where the music begins, and where each of its pages does.
fn opus() -> (Vec<u8>, Vec<usize>) {
    let mut pages = Pages::default();
    let head = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0".to_vec();
    pages.packets(BEGINS, 0, &[head]);
    let mut tags = b"OpusTags".to_vec();
    tags.resize(200_000, 0);
    pages.long_packet(&tags);
    let mut places = Vec::new();
    for number in 1..=50 {
        places.push(pages.bytes.len());
        pages.packets(0, number * PAGE, &vec![[vec![0xf8], vec![1; 99]].concat(); 10]);
    }
    (pages.bytes, places)
}

/// Takes all that the bytes so far hold; the streams that were announced.
fn take_all(demuxer: &mut Demuxer) -> Vec<Stream> {
    let mut streams = Vec::new();
    loop {
        match demuxer.step().unwrap() {
            Step::Stream(stream) => streams.push(stream),
            Step::Packet(_) => {}
            _ => return streams,
        }
    }
}

/// A guess is a share of the music, and no bytes of tags count for it.
#[test]
fn the_first_guess_of_a_seek_is_a_share_of_the_music() {
    let (bytes, places) = opus();
    let mut demuxer = Demuxer::default();
    demuxer.set_total_bytes(Some(bytes.len() as u64));
    demuxer.window().push(&bytes[..places[3]]);
    assert_eq!(take_all(&mut demuxer).len(), 1);
    demuxer.seek(25 * PAGE + PREROLL);
    // Up to three quarters of a second before it, as pages are up to a second and a half long.
    let guess = demuxer.window().offset();
    let near = |page: usize| places[page] as u64;
    assert!((near(20)..near(25)).contains(&guess), "{guess} is not in {}..{}", near(20), near(25));
}

/// Where no length is known a seek within the last page that came goes to its beginning, unless packets of it
/// wait.
#[test]
fn a_seek_within_the_last_page_without_a_length() {
    let (bytes, places) = opus();
    for (taken, page) in [(10, 3), (9, 4)] {
        let mut demuxer = Demuxer::default();
        demuxer.window().push(&bytes[..places[3]]);
        assert_eq!(take_all(&mut demuxer).len(), 1);
        demuxer.window().push(&bytes[places[3]..places[4]]);
        for _ in 0..taken {
            assert!(matches!(demuxer.step(), Ok(Step::Packet(_))));
        }
        demuxer.seek(3 * PAGE + 480 + PREROLL);
        assert_eq!(demuxer.window().offset(), places[page] as u64, "{taken} packets");
    }
}

/// FLAC states its length, and a first page of silence says nothing of the rate.
#[test]
fn the_rate_of_flac_is_not_that_of_a_short_first_page() {
    let frames: Vec<_> = (0..5).map(|number| frame(number, &[0, 0, 0])).collect();
    let native = flac_of(&frames);
    let mut pages = Pages::default();
    pages.packets(BEGINS, 0, &[[b"\x7fFLAC\x01\0\0\x01", &native[..42]].concat()]);
    pages.packets(0, 0, &[b"\x84\0\0\x08\0\0\0\0\0\0\0\0".to_vec()]);
    pages.packets(0, 5 * 4096, &frames);
    let mut demuxer = Demuxer::default();
    demuxer.window().push(&pages.bytes);
    let streams = take_all(&mut demuxer);
    let rates: Vec<_> = streams.iter().map(|stream| stream.bytes_per_second.round()).collect();
    // 60 % of one channel of 16 bits at 44.1 kHz.
    assert_eq!(rates, [52_920.0]);
}

#[test]
fn bytes_before_the_first_page() {
    let after = |len: usize| {
        let mut demuxer = Demuxer::default();
        demuxer.window().push(&vec![0; len]);
        demuxer.step().map(|step| step == Step::NeedBytes)
    };
    assert_eq!(after(16 << 20), Ok(true));
    assert_eq!(after((16 << 20) + 1), Err(DemuxError::Unsupported));
}
