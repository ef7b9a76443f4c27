// The demo: a player, and what it tells. Everything shown comes from the package's public interface and from the
// receiver; nothing reaches inside.

import { createPlayer, createTelemetry } from 'tonearm';
import { showFaults } from './faults.js';
import { showFigures } from './figures.js';
import { showMachine } from './machine.js';
import { watchTold } from './told.js';
import { watchTrace } from './trace.js';
import './style.css';

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
const player = createPlayer({ telemetry });
Object.assign(globalThis, { player, telemetry });

/** @type {{ id: string, title: string, artist: string, duration: number }[]} */
const tracks = await (await fetch('/api/tracks')).json();
let current = -1;

async function select(/** @type {number} */ index) {
  current = index;
  const track = tracks[index];
  $('title').textContent = track.title;
  $('artist').textContent = track.artist;
  for (const [n, item] of [...$('tracks').children].entries()) item.toggleAttribute('aria-current', n === index);
  await player.load({
    trackId: track.id,
    // The media's URL is known once the metadata is: its request is part of the play.
    resolve: async ({ fetch }) => {
      const response = await fetch(`/api/tracks/${track.id}`);
      if (!response.ok) throw new Error(`metadata: ${response.status}`);
      return (await response.json()).url;
    },
  });
}

function play() {
  $('error').textContent = '';
  player.play().catch((/** @type {DOMException} */ error) => {
    if (error.name !== 'AbortError') $('error').textContent = `${error.name}: ${error.message}`;
  });
}

for (const [index, track] of tracks.entries()) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.append(Object.assign(document.createElement('b'), { textContent: track.title }));
  button.append(Object.assign(document.createElement('span'), { textContent: clock(track.duration) }));
  button.onclick = () => {
    select(index).catch(() => {});
    play();
  };
  item.append(button);
  $('tracks').append(item);
}

$('play').onclick = () => {
  if (current < 0) select(0).catch(() => {});
  if (player.paused) play();
  else player.pause();
};
$('stop').onclick = () => player.stop();
$('mute').onclick = () => (player.muted = !player.muted);
$('volume').oninput = () => (player.volume = Number($('volume').value));
player.addEventListener('volumechange', () => $('mute').setAttribute('aria-pressed', String(player.muted)));

let dragging = false;
$('position').oninput = () => {
  dragging = true;
  $('elapsed').textContent = clock($('position').value * (player.duration || 0));
};
$('position').onchange = () => {
  dragging = false;
  if (player.duration > 0) player.currentTime = $('position').value * player.duration;
};

function clock(/** @type {number} */ seconds) {
  if (!Number.isFinite(seconds)) return '–:––';
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

function frame() {
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

player.addEventListener('error', () => {
  if (player.error) $('error').textContent = `${player.error.name}: ${player.error.message}`;
});

showMachine(player, $('machine'), $('history'), $('state'));
showFigures(player, $('figures'), $('buffer'));
showFaults($('faults'));
watchTrace(player, { waterfall: $('waterfall'), phases: $('phases'), id: $('trace-id'), legend: $('legend') });
watchTold(player, { logs: $('logs'), metrics: $('metrics') });
