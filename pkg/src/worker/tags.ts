// The tags of a track, as they go to the page.

import { bytesAt } from './memory.js';
import type { Tags } from './messages.js';
import type { FormatExports } from './track.js';

const textAt = (format: FormatExports, address: number) => new TextDecoder().decode(bytesAt(format, address));

export function readTags(format: FormatExports): Tags {
  const parts = textAt(format, format.tag_texts()).split('\0');
  const texts: [string, string][] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) texts.push([parts[at], parts[at + 1]]);
  const mime = textAt(format, format.picture_type());
  const picture = mime ? { mime, bytes: bytesAt(format, format.picture()) } : undefined;
  const gains = [format.track_gain(), format.track_peak(), format.album_gain(), format.album_peak()];
  return { texts, picture, gains };
}
