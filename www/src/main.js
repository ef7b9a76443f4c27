// The demo: a player, and what it tells. Everything shown comes from the package's public interface and from
// the receiver; nothing reaches inside.

import { createTelemetry } from 'tonearm';
import { mediaSession } from 'tonearm/media-session';
import { createQueue } from 'tonearm/queue';
import { showFaults } from './faults.js';
import { showFigures } from './figures.js';
import { showMachine } from './machine.js';
import { showSpectrum } from './spectrum.js';
import { watchTold } from './told.js';
import { watchTrace } from './trace.js';
import './style/base.css';
import './style/player.css';
import './style/trace.css';
import './style/panels.css';

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

const { cdn } = await (await fetch('/api/config')).json();

const telemetry = createTelemetry({
  serviceName: 'tonearm-demo',
  environment: 'demo',
  propagateTo: [cdn],
  scheduledDelayMillis: 500,
  // So that the page shows them while one listens.
  metricIntervalMillis: 2000,
});
const queue = createQueue({ telemetry, repeat: 'all' });
Object.assign(globalThis, { queue, telemetry });
// Another one with each track.
Object.defineProperty(globalThis, 'player', { get: () => queue.player });

/** @type {{ id: string, title: string, artist: string, duration: number }[]} */
const tracks = await (await fetch('/api/tracks')).json();

/** @param {(typeof tracks)[number]} track @returns {import('tonearm').Source} */
const sourceOf = ({ id }) => ({
  trackId: id,
  // The media's URL is known once the metadata is: its request is part of the play.
  resolve: async ({ fetch }) => {
    const response = await fetch(`/api/tracks/${id}`);
    if (!response.ok) throw new Error(`metadata: ${response.status}`);
    return (await response.json()).url;
  },
});

function list(/** @type {string} */ title, /** @type {string} */ length) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.append(Object.assign(document.createElement('b'), { textContent: title }));
  button.append(Object.assign(document.createElement('span'), { textContent: length }));
  const index = $('tracks').children.length;
  button.onclick = () => play(index);
  item.append(button);
  $('tracks').append(item);
}

for (const track of tracks) {
  queue.add(sourceOf(track));
  list(track.title, clock(track.duration));
}

/** Files of the listener's own join the queue. @param {Iterable<File>} files */
function take(files) {
  for (const file of files) {
    tracks.push({
      id: file.name,
      title: file.name.replace(/\.\w+$/, ''),
      artist: 'Your file',
      duration: NaN,
    });
    queue.add({ src: file, trackId: file.name });
    list(file.name, '');
  }
}
$('file').onchange = () => take($('file').files);
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files ?? []);
});

function play(/** @type {number} */ index) {
  $('error').textContent = '';
  queue.play(index).catch((/** @type {DOMException} */ error) => {
    if (error.name !== 'AbortError') $('error').textContent = `${error.name}: ${error.message}`;
  });
}

/** @type {string | undefined} */
let cover;
function show() {
  const { title, artist, album, artwork } = queue.player.metadata;
  const track = tracks[queue.index];
  $('title').textContent = title ?? track?.title ?? 'Pick a track';
  $('artist').textContent = [artist ?? track?.artist, album].filter(Boolean).join(' · ');
  for (const [n, item] of [...$('tracks').children].entries())
    item.toggleAttribute('aria-current', n === queue.index);
  if (cover) URL.revokeObjectURL(cover);
  cover = artwork && URL.createObjectURL(artwork);
  $('cover').hidden = !cover;
  $('cover').src = cover ?? 'data:,';
}
queue.addEventListener('trackchange', show);
queue.addEventListener('metadatachange', show);
mediaSession(queue, { metadata: () => ({ title: $('title').textContent, artist: $('artist').textContent }) });

$('play').onclick = () => {
  if (!queue.player.paused) return queue.pause();
  $('error').textContent = '';
  queue.play().catch((/** @type {DOMException} */ error) => {
    if (error.name !== 'AbortError') $('error').textContent = `${error.name}: ${error.message}`;
  });
};
$('stop').onclick = () => queue.player.stop();
$('next').onclick = () => queue.next().catch(() => {});
$('previous').onclick = () => queue.previous().catch(() => {});
$('shuffle').onclick = () => {
  queue.shuffle = !queue.shuffle;
  $('shuffle').setAttribute('aria-pressed', String(queue.shuffle));
};
$('rate').onchange = () => (queue.player.playbackRate = Number($('rate').value));
queue.addEventListener('trackchange', () => (queue.player.playbackRate = Number($('rate').value)));
$('crossfade').onchange = () => (queue.crossfade = Number($('crossfade').value));
$('mute').onclick = () => (queue.muted = !queue.muted);
$('volume').oninput = () => (queue.volume = Number($('volume').value));
queue.addEventListener('volumechange', () => $('mute').setAttribute('aria-pressed', String(queue.muted)));

let dragging = false;
$('position').oninput = () => {
  dragging = true;
  $('elapsed').textContent = clock($('position').value * (queue.player.duration || 0));
};
$('position').onchange = () => {
  dragging = false;
  const { player } = queue;
  if (player.duration > 0) player.currentTime = $('position').value * player.duration;
};

function clock(/** @type {number} */ seconds) {
  if (!Number.isFinite(seconds)) return '–:––';
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

function frame() {
  const { player } = queue;
  const { currentTime, duration, buffered } = player;
  const share = duration > 0 ? currentTime / duration : 0;
  if (!dragging) {
    $('elapsed').textContent = clock(currentTime);
    $('position').value = String(share);
  }
  $('position').style.setProperty('--share', String(dragging ? $('position').value : share));
  $('length').textContent = clock(duration);
  const has = duration > 0 && buffered.length > 0;
  $('buffered').style.left = `${has ? (buffered.start(0) / duration) * 100 : 0}%`;
  $('buffered').style.width = `${has ? ((buffered.end(0) - buffered.start(0)) / duration) * 100 : 0}%`;
  document.body.classList.toggle('is-playing', player.state === 'playing');
  document.body.classList.toggle('is-held', player.paused);
  $('play').setAttribute('aria-label', player.paused ? 'Play' : 'Pause');
  requestAnimationFrame(frame);
}
frame();

queue.addEventListener('error', () => {
  const { player } = queue;
  if (player.error) $('error').textContent = `${player.error.name}: ${player.error.message}`;
});

showSpectrum(queue, $('spectrum'));
showMachine(queue, $('machine'), $('history'), $('state'));
showFigures(queue, $('figures'), $('buffer'));
showFaults($('faults'));
watchTrace(queue, { waterfall: $('waterfall'), phases: $('phases'), id: $('trace-id'), legend: $('legend') });
watchTold(queue, { logs: $('logs'), metrics: $('metrics') });
