// In the page: one play of one contestant, timed from play() to the first sample above 1e-4 in one worklet
// that both are connected to. Its frame is mapped to the moment at which it is heard, for both alike: the
// output's latency is part of what a listener waits for.

const base = new URL('..', location.href);
const context = new AudioContext({ latencyHint: 'interactive' });
await context.audioWorklet.addModule(new URL('e2e/recorder.js', base));
const recorder = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });

/** Page time at which the first sample from now on leaves the speaker, by the context's output timestamp. */
function firstSample() {
  recorder.port.postMessage('arm');
  return new Promise((resolve) => {
    recorder.port.onmessage = ({ data }) => {
      if (data.firstFrame === undefined) return;
      const { contextTime, performanceTime } = context.getOutputTimestamp();
      resolve(performanceTime + (data.firstFrame / data.rate - contextTime) * 1000);
    };
  });
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Keeps the main thread busy. */
function block(ms) {
  for (const end = performance.now() + ms; performance.now() < end;);
}

async function tonearm(url, blocked) {
  const { createPlayer } = await import(new URL('pkg/index.js', base));
  globalThis.warm ??= createPlayer({ destination: recorder });
  const player = globalThis.warm;
  await player.load(url);
  await rest(150);
  const heard = firstSample();
  const asked = performance.now();
  const played = player.play();
  if (blocked) block(blocked);
  const first = await heard;
  await played;
  const { phases } = player.stats();
  player.stop();
  await rest(100);
  return { ms: first - asked, phases };
}

async function element(url, blocked) {
  const audio = new Audio();
  audio.crossOrigin = 'anonymous';
  audio.preload = 'none';
  audio.src = url;
  const source = context.createMediaElementSource(audio);
  source.connect(recorder);
  await rest(150);
  const heard = firstSample();
  const asked = performance.now();
  const played = audio.play();
  if (blocked) block(blocked);
  const first = await heard;
  await played;
  audio.pause();
  source.disconnect();
  audio.removeAttribute('src');
  audio.load();
  await rest(100);
  return { ms: first - asked };
}

/**
 * howler, made to play over the context that is listened to. Its two modes: the whole file decoded, or an
 * element.
 */
async function howler(url, html5) {
  if (!globalThis.Howler) {
    const { AudioContext, Audio } = globalThis;
    // It makes its own of both: the context is ours, and an element must ask its server (CORS) to be heard by
    // another node.
    globalThis.AudioContext = function () {
      return context;
    };
    globalThis.Audio = function () {
      return Object.assign(new Audio(), { crossOrigin: 'anonymous' });
    };
    const script = document.createElement('script');
    script.src = new URL('bench/dist/howler.min.js', base).href;
    document.head.append(script);
    await new Promise((resolve) => (script.onload = resolve));
    globalThis.Howler.volume(1);
    globalThis.Howler.autoSuspend = false;
    globalThis.Howler.masterGain.connect(recorder);
    Object.assign(globalThis, { AudioContext });
  }
  const sound = new globalThis.Howl({
    src: [url],
    format: [url.split('?')[0].split('.').pop()],
    html5,
    preload: false,
  });
  await rest(150);
  const heard = firstSample();
  const asked = performance.now();
  sound.load();
  // A pool hands its elements out again: each is connected once.
  const node = html5 && sound._sounds[0]._node;
  if (node && !node.tapped) (node.tapped = context.createMediaElementSource(node)).connect(recorder);
  sound.play();
  const first = await heard;
  sound.stop();
  sound.unload();
  await rest(100);
  return { ms: first - asked };
}

/** A seek to what is not in memory: from the call to the sound. */
async function seek(url, mine) {
  if (mine) {
    const { createPlayer } = await import(new URL('pkg/index.js', base));
    globalThis.warm ??= createPlayer({ destination: recorder });
    const player = globalThis.warm;
    await player.load(url);
    await player.play();
    await rest(300);
    const asked = performance.now();
    const sought = new Promise((resolve) => player.addEventListener('seeked', resolve, { once: true }));
    player.currentTime = 50;
    await sought;
    await new Promise((resolve) => {
      const look = () =>
        player.state === 'playing' && player.currentTime > 50 ? resolve() : requestAnimationFrame(look);
      look();
    });
    const ms = performance.now() - asked - (player.currentTime - 50) * 1000;
    player.stop();
    await rest(100);
    return { ms };
  }
  const audio = new Audio();
  audio.crossOrigin = 'anonymous';
  audio.src = url;
  context.createMediaElementSource(audio).connect(recorder);
  await audio.play();
  await rest(300);
  const asked = performance.now();
  audio.currentTime = 50;
  await new Promise((resolve) => {
    const look = () => (!audio.seeking && audio.currentTime > 50 ? resolve() : requestAnimationFrame(look));
    look();
  });
  const ms = performance.now() - asked - (audio.currentTime - 50) * 1000;
  audio.pause();
  audio.removeAttribute('src');
  audio.load();
  await rest(100);
  return { ms };
}

/** Nothing is loaded: the package comes through the page's own link, at the click. */
async function cold(url) {
  const heard = firstSample();
  const asked = performance.now();
  const { createPlayer } = await import(new URL('pkg/index.js', base));
  const player = createPlayer({ destination: recorder });
  player.load(url);
  await player.play();
  return { ms: (await heard) - asked };
}

const seekOurs = (url) => seek(url, true);
const seekTheirs = (url) => seek(url, false);
const howlerAudio = (url) => howler(url, false);
const howlerElement = (url) => howler(url, true);
globalThis.contestants = { tonearm, element, howlerAudio, howlerElement, cold, seekOurs, seekTheirs };
