// Which format's module a name promises, before the first bytes identify the format.

/** Ends of paths and subtypes of MIME types, and the module that reads what they name (`sniff.rs`). */
const NAMES: [names: string, module: string][] = [
  ['mp3 mpeg mpga mpeg3 mpeg-3', 'mp3'],
  ['aac aacp adts hx-aac-adts mp4 m4a m4b mp4a m4p', 'aac'],
  ['flac', 'flac'],
  ['opus', 'opus'],
  ['ogg oga vorbis', 'vorbis'],
  ['wav wave pn-wav', 'wav'],
];

/** The module of what a URL or a MIME type names; undefined where it names none. */
export function moduleNamed(name: string) {
  const path = name.split(/[;?#]/, 1)[0].trim().toLowerCase();
  const end = path.slice(path.search(/[^/.]*$/)).replace(/^x-/, '');
  return NAMES.find(([names]) => names.split(' ').includes(end))?.[1];
}
