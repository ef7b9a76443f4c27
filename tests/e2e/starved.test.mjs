// A link of 100 kbit/s for a file of 128: what is reported as silence is the silence that a recorder
// downstream hears.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, startBackend, startBrowser, waitForTrace } from './harness.mjs';

const SECONDS = 12;

test('each gap that is reported is the run of zeros that was heard', async () => {
  const backend = await startBackend();
  const browser = await startBrowser();
  try {
    const page = await openPage(browser, `${backend.gateway}/e2e/blank.html`);
    await page.waitForFunction(() => globalThis.tonearm);
    const result = await page.evaluate(
      async ([cdn, seconds]) => {
        const { createPlayer, createTelemetry } = globalThis.tonearm;
        const context = new AudioContext();
        await context.audioWorklet.addModule('/e2e/recorder.js');
        const recorder = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
        const telemetry = createTelemetry({
          serviceName: 'starved',
          scheduledDelayMillis: 200,
          propagateTo: [cdn],
        });
        const player = createPlayer({ telemetry, destination: recorder });
        await player.load(`${cdn}/tracks/steady.mp3?rate=100`);
        const asked = context.currentTime;
        await player.play();
        await new Promise((resolve) =>
          setTimeout(resolve, seconds * 1000 - (context.currentTime - asked) * 1000),
        );
        const reading = new Promise(
          (resolve) => (recorder.port.onmessage = ({ data }) => data.runs && resolve(data)),
        );
        recorder.port.postMessage('read');
        const heard = await reading;
        player.pause();
        telemetry.forceFlush();
        return {
          ...heard,
          rate: context.sampleRate,
          trace: player.traceparent.slice(3, 35),
          stats: player.stats(),
        };
      },
      [backend.cdn, SECONDS],
    );
    const gaps = result.stats.stalls;
    const spans = await waitForTrace(
      backend.gateway,
      result.trace,
      (spans) => spans.filter(({ name }) => name === 'track.stall').length >= gaps,
    );
    const stalls = spans
      .filter(({ name }) => name === 'track.stall')
      .sort((a, b) => Number(BigInt(a.start) - BigInt(b.start)));
    // A run that is still open is the gap that the pause ended.
    const runs = result.open > 0 ? [...result.runs, result.open] : result.runs;
    const reported = stalls.map(({ attributes }) => attributes['audio.buffer.underflow.frames']);
    const share = result.heard / (SECONDS * result.rate);
    console.log(
      `gaps ${runs.join(', ')} frames; reported ${reported.join(', ')}; heard ${(share * 100).toFixed(1)} %`,
    );
    assert.equal(reported.length, runs.length);
    assert.ok(runs.length <= 4 && runs.length >= 1, `${runs.length} gaps`);
    reported
      .slice(0, result.runs.length)
      .forEach((frames, n) =>
        assert.ok(Math.abs(frames - runs[n]) <= 128, `gap ${n}: reported ${frames}, heard ${runs[n]}`),
      );
    assert.ok(share >= 0.7, `heard ${share}`);
    assert.ok(stalls.every(({ attributes }) => attributes['track.stall.cause'] === 'network'));
  } finally {
    await browser.close();
    backend.stop();
  }
});
