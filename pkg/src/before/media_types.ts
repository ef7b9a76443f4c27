// Which MIME types can be played: those of the formats that there are modules of.

import { string } from '../host/webidl.js';

/** Whether a type can be played: by the formats that there are modules of. */
export function canPlayType(type: string) {
  const [, container, codecs] =
    /^audio\/(?:x-)?([^;\s]+)(?:.*codecs="?([^"]*)"?)?/i.exec(string('canPlayType', type)) ?? [];
  const known = /^(mpeg|mp3|aac|mp4|m4a|flac|ogg|opus|wave?)$/i.test(container ?? '');
  if (!known || (codecs && !/^(mp3|mp4a\.(40\.(2|5|29|34)|6[9b])|flac|opus|vorbis|1)$/i.test(codecs.trim())))
    return '';
  return codecs || /mpeg|mp3|flac|opus/i.test(container) ? 'probably' : 'maybe';
}
