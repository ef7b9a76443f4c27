//! Files as other programs write them, and as they are cut, joined and lengthened, at the border of the
//! demuxers: all of it plays, with as many frames as ffmpeg has, or is refused by name.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod bounds;
mod cut;
mod damage;
mod flac;
mod framed;
mod lengths;
mod limits;
mod mp3;
mod mp4;
mod mp4_lengths;
mod ogg;
mod ogg_pages;
mod support;
mod wav;
