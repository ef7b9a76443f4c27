// What an app writes in TypeScript must compile, and what is wrong must not.

import { createPlayer, createTelemetry, init, type Player, type PlayerState, type Telemetry } from 'tonearm';

const telemetry: Telemetry = createTelemetry({
  serviceName: 'app',
  resource: { 'app.plan': 'free', 'app.ids': [1, 2] },
});
const player: Player = createPlayer({ telemetry });
const target: EventTarget = player;

player.addEventListener('playing', function () {
  const state: PlayerState = this.state;
  console.log(state, target);
});
player.addEventListener('statechange', { handleEvent: () => {} });

telemetry.addEventListener('diagnostic', ({ detail }) => {
  const { problem, status, url }: { problem: string; status: number | undefined; url: string } = detail;
  console.log(problem, status, url);
});

async function use() {
  await init({ wasm: new URL('https://cdn.example/tonearm_bg.wasm') });
  await player.load('https://cdn.example/a.mp3', { signal: AbortSignal.timeout(1000) });
  const span = telemetry.startSpan('checkout', {
    parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  await player.load({
    trackId: 'a',
    parent: span,
    resolve: async ({ fetch, signal }) => (await (await fetch('/api/a', { signal })).json()).url as string,
  });
  await player.play({ trigger: 'auto' });
  player.currentTime += 10;
  const seconds: number = player.stats().phases.firstByte;
  const ranges: TimeRanges = player.buffered;
  span.setAttribute('a', seconds).setError('no').end();
  return ranges.length > 0 && telemetry.stats().traces.dropped.queue_full === 0;
}

// @ts-expect-error a service has a name
createTelemetry({});
// @ts-expect-error no such option
createPlayer({ volume: 1 });
// @ts-expect-error read-only
player.duration = 3;
// @ts-expect-error no such trigger
player.play({ trigger: 'robot' });

export { use };

const job = telemetry.startSpan('job', { kind: 'client', startTime: new Date(), parent: null });
const size: number = telemetry.withSpan(job, (span) => span.traceparent.length);
job.addEvent('read', { size }).recordException(new Error('why')).updateName('job done');
job.end({ endTime: performance.now() });
const queued = telemetry.createObservableUpDownCounter('queued', { unit: 'items', description: 'Waiting.' });
queued.addCallback((result) => result.observe(size));
telemetry.log({
  eventName: 'e',
  severity: 'warning',
  body: new Error('why'),
  attributes: { at: new Date() },
});
createTelemetry({
  serviceName: 'app',
  propagateTo: ['https://a.example', { origin: 'https://b.example', methods: 'all' }],
});
// @ts-expect-error A kind is one of five.
telemetry.startSpan('job', { kind: 'batch' });
// @ts-expect-error Only all methods can be vouched for.
createTelemetry({ serviceName: 'app', propagateTo: [{ origin: 'https://b.example', methods: 'safe' }] });
