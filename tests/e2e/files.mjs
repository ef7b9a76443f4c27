// The files of scripts/make-media.sh that are held against ffmpeg's decode in browsers.

const MUSIC = 308_700;
const FAST = 336_000;

/**
 * Name, rate, channels, least signal to noise in dB. Then frames and shift where ffmpeg's decode is not the
 * last word (tests/native/formats); the least behind a seek or damage, where a decoder's history or its noise
 * (AAC's is drawn anew) tell; `near` and `lost` where the file has no index, and where damaged frames can't
 * be counted (tests/matrix/page.js); what is asked of Firefox, whose decoder of MP3 gives 16 bits.
 * @type {[string, number, number, number, { frames?: number, shift?: number, jump?: number, near?: number,
 * lost?: number, host?: string, firefox?: number }?][]}
 */
export const FILES = [
  ['lame-cbr.mp3', 44100, 2, 100, { firefox: 80 }],
  ['lame-vbr.mp3', 44100, 2, 100, { firefox: 80 }],
  ['ffmpeg-abr.mp3', 44100, 2, 100, { jump: 40, near: 0.5, firefox: 80 }],
  ['lame-mpeg2-mono.mp3', 22050, 1, 100, { jump: 40, near: 0.5, firefox: 70 }],
  ['ffmpeg.aac', 44100, 2, 100, { jump: 30, near: 1.5, lost: 1024 }],
  ['ffmpeg-48000.aac', 48000, 2, 100, { jump: 30, near: 1.5, lost: 1024 }],
  ['faststart.m4a', 44100, 2, 100, { frames: MUSIC, jump: 60 }],
  ['at-the-end.m4a', 44100, 2, 100, { frames: MUSIC, jump: 60 }],
  ['fragmented.m4a', 48000, 2, 100, { frames: FAST + 1024, jump: 60 }],
  ['indexed.m4a', 44100, 2, 100, { frames: MUSIC, shift: -1024, jump: 60 }],
  ['opus-inside.mp4', 48000, 2, 60, { frames: FAST }],
  ['flac-inside.mp4', 44100, 2, 140, { host: 'flac' }],
  ['flac.flac', 44100, 2, 140],
  ['flac-mono.flac', 22050, 1, 140],
  ['ffmpeg-24.flac', 96000, 2, 140],
  ['oggenc.ogg', 44100, 2, 100],
  ['ffmpeg.ogg', 48000, 2, 100],
  ['sox-mono.ogg', 22050, 1, 100],
  ['flac.oga', 44100, 2, 140],
  ['ffmpeg-flac.oga', 44100, 2, 140],
  ['opusenc.opus', 48000, 2, 60],
  ['ffmpeg-voice.opus', 48000, 1, 25],
  ['ffmpeg-fast.opus', 48000, 2, 60],
  ['ffmpeg.wav', 44100, 2, 140],
  ['sox-24.wav', 96000, 2, 140],
  ['sox-float.wav', 48000, 2, 140],
  ['sox-alaw.wav', 22050, 1, 140],
];
