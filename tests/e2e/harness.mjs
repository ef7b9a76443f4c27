// The fixture of the end-to-end tests and of the benchmarks: the real backend, the real browser, the built
// package.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../', import.meta.url));
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

/**
 * Starts the backend on free ports.
 * @param {Record<string, string>} [env]
 * @returns {Promise<{ gateway: string, metadata: string, cdn: string, binary: string, stop: () => void }>}
 */
export async function startBackend(env = {}) {
  // Benchmarks and long suites ask for the release build.
  const profile = process.env.TONEARM_PROFILE ?? 'debug';
  const binary = `${root}target/${profile}/tonearm-backend`;
  if (!existsSync(binary)) throw new Error(`${binary} is not built: npm run build backend`);
  const mounts = [
    '--tracks',
    `${root}www/tracks`,
    '--tracks',
    `${root}tests/e2e/media`,
    '--tracks',
    `${root}target/formats`,
    '--mount',
    `pkg=${root}pkg/dist`,
    '--mount',
    `e2e=${root}tests/e2e/pages`,
    '--mount',
    `yew=${root}examples/yew`,
    '--mount',
    `media=${root}tests/e2e/media`,
    '--mount',
    `bench=${root}benches`,
    '--mount',
    `matrix=${root}tests/matrix`,
    '--mount',
    `soak=${root}tests/soak`,
    '--mount',
    `formats=${root}target/formats`,
    '--mount',
    `foreign=${root}tests/media`,
  ];
  const child = spawn(binary, ['--port', '0', ...mounts], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the backend ended with ${code}`)));
  });
  return { ...JSON.parse(String(line)), binary, stop: () => child.kill() };
}

/** Starts Chromium. @param {{ autoplay?: boolean }} [options] */
export function startBrowser({ autoplay = true } = {}) {
  if (!CHROMIUM) throw new Error('Chromium is not installed: npm run setup');
  const args = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-quic',
  ];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  args.push(
    `--autoplay-policy=${autoplay ? 'no-user-gesture-required' : 'document-user-activation-required'}`,
  );
  return chromium.launch({ executablePath: CHROMIUM, args, ignoreDefaultArgs: ['--mute-audio'] });
}

/**
 * Opens a page that has the package as `tonearm`, and says what goes wrong in it.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 */
export async function openPage(browser, url) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error('page error:', error.message));
  await page.goto(url);
  await page.waitForFunction(() => 'tonearm' in globalThis || document.readyState === 'complete');
  return page;
}

/**
 * The spans of one trace, once `done` is content with them.
 * @param {string} gateway
 * @param {string} id
 * @param {(spans: any[]) => boolean} done
 */
export async function waitForTrace(gateway, id, done, tries = 80) {
  let spans = [];
  for (let n = 0; n < tries; n++) {
    spans = await (await fetch(`${gateway}/api/traces/${id}`)).json();
    if (done(spans)) return spans;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `the trace never came to be: ${spans.map(({ service, name }) => `${service}/${name}`).join(', ')}`,
  );
}

/** The middle of some numbers. @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
