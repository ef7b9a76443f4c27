#!/usr/bin/env node
// @ts-check
// A gate for a front-end team's CI: plays a page a number of times, each in a browser of its own state, reads
// what the page's own Tonearm sends on its way out, and fails where start-up, stalls or errors break the
// objective.

import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { load, transcode } from '../dist/records.js';

const USAGE = `tonearm-slo URL --click SELECTOR [options]

  --click SELECTOR     what to click for a play; or --evaluate SCRIPT, which runs in the page
  --plays N            how often (10)
  --listen SECONDS     how long each is heard (5)
  --start-up SECONDS   the objective: 95 of 100 plays start in that time (1)
  --stalled PART       the objective: stalled ÷ (stalled + heard), of all plays together (0.01)
  --failures PART      the objective: plays that fail (0)
  --wait SECONDS       how long a play's telemetry may take after it (15)
  --browser PATH       the browser; the one that playwright-core knows otherwise
  --json FILE, --junit FILE

Wants playwright-core beside it. The page has to record all of its plays: a pipeline that samples leaves some out. Ends with 0, with 1 where an objective is broken, with 2 where nothing could be measured.
`;

/** @param {string} message @returns {never} */
function refuse(message) {
  console.error(`tonearm-slo: ${message}\n\n${USAGE}`);
  process.exit(2);
}

const NUMBERS = { plays: 10, listen: 5, 'start-up': 1, stalled: 0.01, failures: 0, wait: 15 };
const TEXTS = ['click', 'evaluate', 'browser', 'json', 'junit'];

/** @param {string[]} words */
function optionsOf(words) {
  /** @type {Record<string, any>} */
  const options = { ...NUMBERS };
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (!word.startsWith('--')) {
      options.url = word;
      continue;
    }
    const name = word.slice(2);
    const value = words[++at];
    if (value === undefined) refuse(`${word} wants a value`);
    if (Object.hasOwn(NUMBERS, name)) {
      options[name] = Number(value);
      if (!(options[name] >= 0))
        refuse(`${word}: expected a number that is not negative, got ${JSON.stringify(value)}`);
    } else if (TEXTS.includes(name)) options[name] = value;
    else refuse(`unknown option ${word}`);
  }
  if (!options.url) refuse('no URL');
  if (!options.click && !options.evaluate) refuse('nothing starts a play: --click or --evaluate');
  if (!(options.plays >= 1)) refuse('--plays: expected at least one');
  return options;
}

/**
 * What a request of OTLP/HTTP carries, as OTLP's JSON has it.
 * @param {import('playwright-core').Request} request
 * @param {'traces' | 'logs'} signal
 */
function recordsOf(request, signal) {
  const body = request.postDataBuffer();
  if (!body) return [];
  const plain = request.headers()['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const json = (request.headers()['content-type'] ?? '').includes('json')
    ? plain
    : transcode.request(signal, plain);
  const { resourceSpans = [], resourceLogs = [] } = JSON.parse(new TextDecoder().decode(json));
  return [...resourceSpans, ...resourceLogs].flatMap((/** @type {any} */ { scopeSpans, scopeLogs }) =>
    (scopeSpans ?? scopeLogs ?? []).flatMap(
      (/** @type {any} */ { spans, logRecords }) => spans ?? logRecords ?? [],
    ),
  );
}

/** @param {any} record @param {string} key */
const attribute = (record, key) =>
  record.attributes?.find((/** @type {any} */ one) => one.key === key)?.value?.stringValue;
const secondsBetween = (/** @type {string} */ from, /** @type {string} */ to) =>
  Number(BigInt(to) - BigInt(from)) / 1e9;

/**
 * Seconds in each state until `end` (Unix nanoseconds), by the player's own account of its transitions: what
 * is still going on counts too, so that a play that stands still for ever is seen. @param {any[]} logs @param
 * {string} end
 */
function timeIn(logs, end) {
  const moves = logs
    .filter(({ eventName }) => eventName === 'player.state_changed')
    .sort((a, b) => Number(BigInt(a.timeUnixNano) - BigInt(b.timeUnixNano)));
  /** @type {Record<string, number>} */
  const time = {};
  moves.forEach((move, at) => {
    const state = attribute(move, 'to') ?? '';
    const next = moves[at + 1]?.timeUnixNano ?? end;
    time[state] =
      (time[state] ?? 0) +
      Math.max(0, secondsBetween(move.timeUnixNano, BigInt(next) > BigInt(end) ? end : next));
  });
  return time;
}

/**
 * One play: its outcome, how long it took to start and stood still, its trace.
 * @param {import('playwright-core').Browser} browser
 * @param {Record<string, any>} options
 */
async function play(browser, { url, click, evaluate, listen, wait }) {
  const context = await browser.newContext();
  try {
    /** @type {Record<string, any[]>} */
    const received = { traces: [], logs: [] };
    context.on('request', (request) => {
      const [, signal] = /\/v1\/(traces|logs)(?:\?|$)/.exec(request.url()) ?? [];
      if (request.method() !== 'POST' || !signal) return;
      try {
        received[signal].push(...recordsOf(request, /** @type {'traces' | 'logs'} */ (signal)));
      } catch (error) {
        console.error(`tonearm-slo: a request could not be read: ${error}`);
      }
    });
    const page = await context.newPage();
    await page.goto(url);
    if (click) await page.click(click);
    else await page.evaluate(evaluate);
    await page.waitForTimeout(listen * 1000);
    const end = await page.evaluate(() =>
      String(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n),
    );
    const root = () => received.traces.find(({ name }) => name === 'track.play');
    // Lines leave within a second, spans with the next batch: of a play that has not started there is none.
    for (const last = Date.now() + wait * 1000; Date.now() < last && !(root() && received.logs.length > 0);)
      await page.waitForTimeout(100);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.waitForTimeout(500);
    const time = timeIn(received.logs, end);
    const [stalled, heard] = [time.rebuffering ?? 0, time.playing ?? 0];
    const span = root();
    if (!span) {
      const began = received.logs.find((log) => attribute(log, 'to') === 'starting');
      if (!began)
        return {
          outcome: 'unknown',
          trace: '',
          startUp: NaN,
          stalled,
          heard,
          error: 'the page recorded no play',
        };
      return {
        outcome: 'hung',
        trace: began.traceId ?? '',
        startUp: secondsBetween(began.timeUnixNano, end),
        stalled,
        heard,
        error: 'it never started',
      };
    }
    const later = received.traces.find(
      ({ name, status, traceId }) =>
        name === 'track.recover' && status?.code === 2 && traceId === span.traceId,
    );
    const error = attribute(span, 'error.type') ?? (later && attribute(later, 'error.type'));
    const outcome = attribute(span, 'track.play.outcome') ?? 'unknown';
    return {
      outcome: later ? 'failed' : outcome,
      trace: span.traceId,
      startUp: secondsBetween(span.startTimeUnixNano, span.endTimeUnixNano),
      stalled,
      heard,
      error,
    };
  } finally {
    await context.close();
  }
}

/** @typedef {Awaited<ReturnType<typeof play>>} Play */

/**
 * Objectives, what was measured, and whether they hold.
 * @param {Play[]} plays
 * @param {Record<string, any>} options
 */
function judge(plays, options) {
  const started = plays.filter(({ outcome }) => outcome === 'started');
  const times = started.map(({ startUp }) => startUp).sort((a, b) => a - b);
  const p95 = times[Math.ceil(times.length * 0.95) - 1] ?? Infinity;
  const stalled = started.reduce((sum, one) => sum + one.stalled, 0);
  const heard = started.reduce((sum, one) => sum + one.heard, 0);
  const failed = plays.filter(({ outcome }) => outcome !== 'started').length / plays.length;
  const part = stalled / (stalled + heard || 1);
  return [
    {
      name: 'start-up',
      measured: p95,
      objective: options['start-up'],
      unit: 's',
      holds: p95 <= options['start-up'],
      what: '95th percentile',
    },
    {
      name: 'stalled',
      measured: part,
      objective: options.stalled,
      unit: '',
      holds: part <= options.stalled,
      what: 'part of the time',
    },
    {
      name: 'failures',
      measured: failed,
      objective: options.failures,
      unit: '',
      holds: failed <= options.failures,
      what: 'part of the plays',
    },
  ];
}

/**
 * The play that one would look at first: one that failed, else the one that waited longest.
 * @param {Play[]} plays
 */
const worstOf = (plays) =>
  [...plays].sort(
    (a, b) =>
      Number(b.outcome !== 'started') - Number(a.outcome !== 'started') ||
      b.startUp + b.stalled - (a.startUp + a.stalled),
  )[0];

const escape = (/** @type {string} */ text) => text.replace(/[<>&"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
/** @param {ReturnType<typeof judge>} objectives @param {string} worst @param {number} took seconds */
const junit = (objectives, worst, took) => `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="tonearm-slo" tests="${objectives.length}" failures="${objectives.filter(({ holds }) => !holds).length}" time="${took.toFixed(1)}">
${objectives.map(({ name, holds, measured, objective, unit }) => `  <testcase classname="tonearm-slo" name="${name}">${holds ? '' : `<failure message="${measured}${unit}, objective ${objective}${unit}">${escape(worst)}</failure>`}</testcase>`).join('\n')}
</testsuite>
`;

const options = optionsOf(process.argv.slice(2));
const recordsModule = readFileSync(new URL('../dist/tonearm_records_bg.wasm', import.meta.url));
await load(new Response(recordsModule, { headers: { 'content-type': 'application/wasm' } }));
const { chromium } = await import('playwright-core').catch(() => refuse('playwright-core is not installed'));
const began = Date.now();
const args = [
  '--autoplay-policy=document-user-activation-required',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
const browser = await chromium
  .launch({ executablePath: options.browser, args, ignoreDefaultArgs: ['--mute-audio'] })
  .catch((error) => refuse(`no browser: ${error.message}`));
/** @type {Play[]} */
const plays = [];
try {
  for (let n = 1; n <= options.plays; n++) {
    const one = await play(browser, options).catch((error) =>
      refuse(`the page can't be played: ${error.message}`),
    );
    plays.push(one);
    console.log(
      `play ${n}: ${one.outcome}${one.error ? ` (${one.error})` : ''}, start-up ${one.startUp.toFixed(3)} s, stalled ${one.stalled.toFixed(3)} s, trace ${one.trace}`,
    );
  }
} finally {
  await browser.close();
}
const objectives = judge(plays, options);
const worst = worstOf(plays);
for (const { name, what, measured, objective, unit, holds } of objectives) {
  console.log(
    `${holds ? 'holds ' : 'BROKEN'} ${name}: ${measured.toFixed(3)}${unit} (${what}), objective ${objective}${unit}`,
  );
}
const summary = `worst play: trace ${worst.trace || 'unknown'}, ${worst.outcome}, start-up ${worst.startUp.toFixed(3)} s, stalled ${worst.stalled.toFixed(3)} s`;
console.log(summary);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ url: options.url, objectives, worst, plays }, null, 2)}\n`);
if (options.junit) writeFileSync(options.junit, junit(objectives, summary, (Date.now() - began) / 1000));
if (plays.every(({ outcome }) => outcome === 'unknown'))
  refuse('the page recorded no play: does it use createTelemetry, and do its exports leave?');
process.exit(objectives.every(({ holds }) => holds) ? 0 : 1);
