// Makes the demo's three pieces from nothing, and encodes them with lame. Run once; the MP3 files are
// committed.
//   node scripts/make-tracks.mjs        (wants `lame` on the path)
// The music is ours, and given away: CC0 1.0 (www/tracks/LICENSE).

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const out = new URL('../www/tracks/', import.meta.url).pathname;
const TAU = 2 * Math.PI;

/** Numbers from a seed, from -1 to 1. */
function noise(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const hertz = (note) => 440 * 2 ** ((note - 69) / 12);

/** A stereo piece: voices add themselves at a time, a delay and a hall follow. */
class Piece {
  constructor(seconds, rate) {
    this.rate = rate;
    this.seconds = seconds;
    this.left = new Float64Array(seconds * rate);
    this.right = new Float64Array(seconds * rate);
    this.wet = new Float64Array(seconds * rate);
  }

  /** Adds `voice(t)` for `length` seconds from `at`, at a place from -1 (left) to 1, with so much hall. */
  add(at, length, gain, pan, hall, voice) {
    const begin = Math.round(at * this.rate);
    const end = Math.min(begin + Math.round(length * this.rate), this.left.length);
    const [l, r] = [Math.cos(((pan + 1) * Math.PI) / 4) * gain, Math.sin(((pan + 1) * Math.PI) / 4) * gain];
    for (let n = Math.max(0, begin); n < end; n++) {
      const value = voice((n - begin) / this.rate);
      this.left[n] += value * l;
      this.right[n] += value * r;
      this.wet[n] += value * hall * gain;
    }
  }

  /** Schroeder's hall: four combs and two all-passes a side. */
  hall(amount) {
    for (const [side, spread] of [
      [this.left, 0],
      [this.right, 23],
    ]) {
      let sum = new Float64Array(side.length);
      for (const [ms, feedback] of [
        [29.7, 0.82],
        [37.1, 0.8],
        [41.1, 0.79],
        [43.7, 0.77],
      ]) {
        const delay = Math.round((ms / 1000) * this.rate) + spread;
        const line = new Float64Array(delay);
        let damp = 0;
        for (let n = 0, at = 0; n < side.length; n++, at = (at + 1) % delay) {
          damp += 0.35 * (line[at] - damp);
          sum[n] += line[at];
          line[at] = this.wet[n] + damp * feedback;
        }
      }
      for (const ms of [5, 1.7]) {
        const delay = Math.round((ms / 1000) * this.rate);
        const line = new Float64Array(delay);
        const next = new Float64Array(side.length);
        for (let n = 0, at = 0; n < side.length; n++, at = (at + 1) % delay) {
          const value = sum[n] + 0.6 * line[at];
          next[n] = line[at] - 0.6 * value;
          line[at] = value;
        }
        sum = next;
      }
      for (let n = 0; n < side.length; n++) side[n] += sum[n] * amount;
    }
  }

  /** A 16-bit WAV, faded at both ends, its loudest sample at 0.85. */
  wav() {
    let peak = 0;
    const fade = 0.02 * this.rate;
    const tail = 3 * this.rate;
    const size = this.left.length;
    for (const side of [this.left, this.right]) {
      for (let n = 0; n < size; n++) {
        side[n] = Math.tanh(side[n] * 0.9) * Math.min(1, n / fade, ((size - n) / tail) ** 1.5);
        peak = Math.max(peak, Math.abs(side[n]));
      }
    }
    const dither = noise(7);
    const bytes = Buffer.alloc(44 + size * 4);
    bytes.write('RIFF', 0);
    bytes.writeUInt32LE(36 + size * 4, 4);
    bytes.write('WAVEfmt ', 8);
    bytes.writeUInt32LE(16, 16);
    bytes.writeUInt16LE(1, 20);
    bytes.writeUInt16LE(2, 22);
    bytes.writeUInt32LE(this.rate, 24);
    bytes.writeUInt32LE(this.rate * 4, 28);
    bytes.writeUInt16LE(4, 32);
    bytes.writeUInt16LE(16, 34);
    bytes.write('data', 36);
    bytes.writeUInt32LE(size * 4, 40);
    for (let n = 0; n < size; n++) {
      bytes.writeInt16LE(Math.round((this.left[n] / peak) * 27800 + dither()), 44 + n * 4);
      bytes.writeInt16LE(Math.round((this.right[n] / peak) * 27800 + dither()), 46 + n * 4);
    }
    return bytes;
  }
}

// Voices: functions of the time since their beginning.

/** Struck tines: a soft electric piano. */
const tine = (note, hard = 0.6) => {
  const f = hertz(note);
  return (t) => {
    const bell = Math.sin(TAU * f * 7 * t) * Math.exp(-t * 9) * 0.35 * hard;
    return (
      Math.sin(TAU * f * t + (1.1 * hard + 0.2) * Math.exp(-t * 2.2) * Math.sin(TAU * f * t) + bell) *
      Math.exp(-t * 1.1) *
      Math.min(1, t * 220)
    );
  };
};

/** A slow pad of detuned partials. */
const pad = (note, length) => {
  const f = hertz(note);
  return (t) => {
    let sum = 0;
    for (let k = 1; k <= 6; k++) {
      for (const cents of [-5, 0, 6])
        sum += Math.sin(TAU * f * k * 2 ** (cents / 1200) * t + k * cents) / k ** 1.7;
    }
    return (
      (sum / 3) *
      Math.min(1, t / 1.8) *
      Math.min(1, (length - t) / 2) *
      (0.85 + 0.15 * Math.sin(TAU * 0.13 * t))
    );
  };
};

/** A plucked string (Karplus and Strong). */
const pluck = (note, rate, seed, damp = 0.5) => {
  const period = Math.max(2, Math.round(rate / hertz(note)));
  const random = noise(seed);
  const line = Float64Array.from({ length: period }, random);
  for (let pass = 0; pass < 3; pass++)
    for (let n = 0; n < period; n++) line[n] = (line[n] + line[(n + 1) % period]) / 2;
  let at = 0;
  return () => {
    const value = line[at];
    const next = (at + 1) % period;
    line[at] = (value * damp + line[next] * (1 - damp)) * 0.9975;
    at = next;
    return value;
  };
};

const kick = (t) =>
  Math.sin(TAU * (46 * t + 9 * (1 - Math.exp(-t * 34)))) * Math.exp(-t * 7) * Math.min(1, t * 400);
const hiss = (seed, decay) => {
  const random = noise(seed);
  let last = 0;
  return (t) => {
    const value = random();
    const high = value - last;
    last = value;
    return high * Math.exp(-t * decay);
  };
};
const snare = (seed) => {
  const rattle = hiss(seed, 16);
  return (t) => 0.5 * rattle(t) + 0.5 * Math.sin(TAU * 185 * t) * Math.exp(-t * 22);
};
const bass = (note, length) => {
  const f = hertz(note);
  return (t) =>
    Math.tanh(1.6 * (Math.sin(TAU * f * t) + 0.3 * Math.sin(TAU * 2 * f * t))) *
    Math.min(1, t * 60) *
    Math.min(1, Math.max(0, (length - t) * 12)) *
    0.7;
};

/** First Light: tines over a pad, 72 beats a minute, in D. */
function firstLight() {
  const piece = new Piece(64, 44100);
  const beat = 60 / 72;
  const chords = [
    [50, 57, 62, 66, 69, 73],
    [47, 54, 62, 66, 69, 74],
    [43, 55, 59, 62, 66, 71],
    [45, 57, 61, 64, 69, 76],
  ];
  const random = noise(3);
  for (let bar = 0; bar * 4 * beat < 62; bar++) {
    const chord = chords[bar % 4];
    const at = bar * 4 * beat;
    for (const note of chord.slice(0, 4))
      piece.add(at, 4 * beat + 2, 0.05, random() * 0.7, 0.5, pad(note, 4 * beat + 2));
    piece.add(at, 5, 0.2, -0.1, 0.3, tine(chord[0] - 12, 0.4));
    const order = bar % 2 ? [1, 3, 2, 4, 3, 5, 4, 2] : [0, 2, 3, 4, 5, 4, 3, 2];
    order.forEach((step, n) => {
      const late = at + n * (beat / 2) + random() * 0.008;
      piece.add(
        late,
        4,
        0.14 + 0.03 * random(),
        (step - 2.5) / 4,
        0.4,
        tine(chord[step] + (bar > 7 ? 12 : 0), 0.5 + 0.2 * random()),
      );
    });
    if (bar > 3 && bar % 2 === 1) {
      [
        [0, 78],
        [1.5, 76],
        [2, 74],
        [3, 73],
      ].forEach(([n, note]) => piece.add(at + n * beat, 3, 0.13, 0.25, 0.6, tine(note, 0.8)));
    }
  }
  piece.hall(0.09);
  return piece;
}

/** Night Bus: a lazy beat with a walking bass, 84 beats a minute, in A minor. */
function nightBus() {
  const piece = new Piece(66, 44100);
  const beat = 60 / 84;
  const chords = [
    [57, 60, 64, 67],
    [53, 57, 60, 64],
    [50, 57, 60, 65],
    [52, 56, 59, 62],
  ];
  const random = noise(11);
  const swing = (step) => (step + (step % 2 ? 0.14 : 0)) * (beat / 2);
  for (let bar = 0; bar * 4 * beat < 63; bar++) {
    const at = bar * 4 * beat;
    const chord = chords[bar % 4];
    const quiet = bar < 2 || bar > 20;
    for (let step = 0; step < 8; step++) {
      const t = at + swing(step);
      if (!quiet && (step === 0 || step === 5 || (step === 3 && bar % 2))) piece.add(t, 0.6, 0.7, 0, 0, kick);
      if (!quiet && step % 4 === 2) piece.add(t, 0.4, 0.3, 0.08, 0.25, snare(bar * 8 + step + 1));
      if (bar > 0)
        piece.add(t, 0.12, 0.06 + 0.02 * random(), -0.3, 0.05, hiss(bar * 31 + step, step % 2 ? 60 : 34));
      const walk = [
        chord[0] - 24,
        chord[0] - 24,
        chord[2] - 24,
        chord[0] - 12,
        chord[1] - 24,
        chord[2] - 24,
        chord[3] - 24,
        chord[0] - 25,
      ];
      if (bar > 1 && step % 2 === 0) piece.add(t, beat * 0.9, 0.3, 0, 0, bass(walk[step], beat * 0.9));
    }
    for (const hit of [0, 2.64]) {
      chord.forEach((note, n) =>
        piece.add(at + hit * beat + n * 0.012, 3, 0.1, (n - 1.5) / 3, 0.35, tine(note, 0.7)),
      );
    }
    if (bar > 5 && bar % 4 !== 3) {
      const tune = [
        [0, 76],
        [0.57, 79],
        [1, 81],
        [2.07, 79],
        [2.64, 76],
        [3, 74],
      ];
      tune
        .filter((_, n) => (bar + n) % 3)
        .forEach(([n, note]) => piece.add(at + n * beat, 2, 0.12, 0.4, 0.5, tine(note, 0.9)));
    }
  }
  piece.hall(0.07);
  return piece;
}

/** Tide Table: plucked strings in three four time, 96 beats a minute, in G. */
function tideTable() {
  const rate = 48000;
  const piece = new Piece(78, rate);
  const beat = 60 / 96;
  const chords = [
    [43, 59, 62, 67],
    [40, 59, 64, 67],
    [48, 60, 64, 67],
    [50, 57, 62, 66],
  ];
  const tune = [71, 74, 79, 78, 74, 71, 72, 76, 79, 81, 78, 74];
  const random = noise(5);
  for (let bar = 0; bar * 3 * beat < 74; bar++) {
    const at = bar * 3 * beat;
    const chord = chords[(bar >> 1) % 4];
    piece.add(at, 3, 0.5, -0.2, 0.25, pluck(chord[0], rate, bar + 1, 0.55));
    for (const hit of [1, 2]) {
      chord
        .slice(1)
        .forEach((note, n) =>
          piece.add(
            at + hit * beat + n * 0.02,
            2,
            0.2,
            (n - 1) / 2,
            0.3,
            pluck(note, rate, bar * 9 + n + hit, 0.6),
          ),
        );
    }
    if (bar > 3) {
      const notes = bar % 2 ? [0, 1, 2] : [0, 1.5, 2.5];
      notes.forEach((n, k) => {
        const note = tune[(bar * 2 + k * (1 + (bar % 3))) % tune.length];
        piece.add(at + n * beat + random() * 0.01, 2.4, 0.34, 0.3, 0.5, pluck(note, rate, bar * 17 + k, 0.5));
      });
    }
    if (bar > 11) piece.add(at, 3 * beat + 1, 0.035, random() * 0.5, 0.6, pad(chord[1] + 12, 3 * beat + 1));
  }
  piece.hall(0.08);
  return piece;
}

/** A chord in noise, for tests: it begins at once, and no sample of it is zero. */
function steady(seconds) {
  const piece = new Piece(seconds, 44100);
  const random = noise(21);
  piece.add(
    0,
    seconds,
    0.3,
    0.1,
    0,
    (t) => Math.sin(TAU * 220 * t) + Math.sin(TAU * 277.2 * t) + 0.4 * random(),
  );
  return piece;
}

const pieces = [
  { id: 'first-light', title: 'First Light', make: firstLight, lame: ['-b', '128', '--cbr'] },
  { id: 'night-bus', title: 'Night Bus', make: nightBus, lame: ['-V', '4'] },
  {
    id: 'tide-table',
    title: 'Tide Table',
    make: tideTable,
    lame: ['-b', '112', '--cbr', '--resample', '48'],
  },
];

const folder = mkdtempSync(join(tmpdir(), 'tracks-'));
const tracks = pieces.map(({ id, title, make, lame }, index) => {
  const piece = make();
  const wav = join(folder, `${id}.wav`);
  writeFileSync(wav, piece.wav());
  const tags = [
    '--add-id3v2',
    '--tt',
    title,
    '--ta',
    'Tonearm',
    '--tl',
    'Needle Drop',
    '--ty',
    '2026',
    '--tn',
    `${index + 1}/3`,
    '--tc',
    'CC0 1.0',
  ];
  execFileSync('lame', ['--quiet', '-q', '0', ...lame, ...tags, wav, `${out}${id}.mp3`]);
  console.log(id, readFileSync(`${out}${id}.mp3`).length, 'bytes');
  return { id, title, artist: 'Tonearm', duration: piece.seconds, file: `${id}.mp3` };
});
// What the end-to-end tests play: a steady sound without a single zero, and a piece of five seconds.
const tests = new URL('../tests/e2e/media/', import.meta.url).pathname;
mkdirSync(tests, { recursive: true });
for (const [name, piece] of [
  ['steady', steady(16)],
  ['short', steady(5)],
]) {
  const wav = join(folder, `${name}.wav`);
  writeFileSync(wav, piece.wav());
  execFileSync('lame', ['--quiet', '-q', '2', '-b', '128', '--cbr', wav, `${tests}${name}.mp3`]);
}
writeFileSync(`${out}tracks.json`, `${JSON.stringify(tracks, null, 2)}\n`);
rmSync(folder, { recursive: true });
