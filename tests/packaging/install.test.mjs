// The packed tarball, installed as a user would: in Node (server rendering), in a bundler, and on a plain
// page.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser } from '../e2e/harness.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tonearm-package-'));
const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

before(() => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const packed = JSON.parse(run('npm', ['pack', '--json', `${root}pkg`]));
  run('npm', ['install', '--no-audit', '--no-fund', `./${packed[0].filename}`]);
});
after(() => rmSync(folder, { recursive: true }));

test('the tarball has what it promises, and no more', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/tonearm/package.json'), 'utf8'));
  for (const entry of Object.values(manifest.exports)) {
    for (const file of typeof entry === 'string' ? [entry] : Object.values(entry)) {
      assert.ok(existsSync(join(folder, 'node_modules/tonearm', file)), file);
    }
  }
  assert.deepEqual(
    Object.keys(manifest.exports['.']),
    ['types', 'development', 'default'],
    'types come first',
  );
  const files = readdirSync(join(folder, 'node_modules/tonearm'), { recursive: true }).map(String);
  assert.ok(files.includes('README.md') && files.includes('NOTICE'));
  // Each kind of file by its place: whatever else is in the folder when it is packed is no part of it.
  const promised = [
    /^(package\.json|README\.md|NOTICE|LICENSE-(APACHE|MIT)|bin|dist)$/,
    ...Object.values(manifest.bin).map((path) => new RegExp(`^${path.replace(/^\.\//, '')}$`)),
    /^dist\/[\w.-]+\.(js|js\.map)$/,
    /^dist\/types(\/\w+)*(\.d\.ts)?$/,
    /^dist\/tonearm(_\w+)?_bg\.wasm$/,
  ];
  assert.deepEqual(
    files.filter((file) => !promised.some((form) => form.test(file))),
    [],
    'files that nobody promised',
  );
  const version = /^version = "(.+)"$/m.exec(readFileSync(`${root}Cargo.toml`, 'utf8'))?.[1];
  assert.equal(manifest.version, version, 'the crate and the package have one version');
});

test('its types are whole: an app compiles with them, libraries checked', () => {
  writeFileSync(
    join(folder, 'app.ts'),
    `import { canPlayType, createPlayer, createTelemetry, init, type TelemetryConfig } from 'tonearm';
    import { createQueue, type Item } from 'tonearm/queue';
    import { mediaSession } from 'tonearm/media-session';
    const config: TelemetryConfig = { serviceName: 'app' };
    const telemetry = createTelemetry(config);
    const item: Item = { src: 'a.mp3', parent: telemetry.startSpan('click') };
    const queue = createQueue({ telemetry });
    queue.add(item);
    mediaSession(queue);
    // @ts-expect-error what the package needs itself is not published
    telemetry.tools;
    export const ready: [Promise<void>, string, number] = [init(), canPlayType('a'), createPlayer().duration];`,
  );
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', ''];
  run(`${root}node_modules/.bin/tsc`, ['--ignoreConfig', ...options, '--lib', 'es2022,dom', 'app.ts']);
});

test('importing it touches nothing', () => {
  const script = `
    globalThis.fetch = () => { throw new Error('fetched'); };
    const { createPlayer, createTelemetry, init, Player } = await import('tonearm');
    console.log([typeof createPlayer, typeof createTelemetry, typeof init, typeof Player].join());`;
  assert.equal(
    run('node', ['--input-type=module', '-e', script]).trim(),
    'function,function,function,function',
  );
});

test('a bundle of it plays', async () => {
  const entry = `
    import { createPlayer, Player } from 'tonearm';
    import { createQueue } from 'tonearm/queue';
    if (!(createQueue().player instanceof Player)) throw new Error('the queue has another Player');
    const player = createPlayer();
    globalThis.outcome = player.load('/track.mp3').then(() => player.play()).then(() => player.state, (error) => error.name + ': ' + error.message);`;
  writeFileSync(join(folder, 'entry.js'), entry);
  for (const mode of ['production', 'development']) {
    writeFileSync(
      join(folder, `${mode}.html`),
      `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="${mode}/main.js"></script>`,
    );
    run(`${root}node_modules/.bin/webpack`, [
      '--entry',
      './entry.js',
      '--mode',
      mode,
      '--devtool',
      'source-map',
      '--output-path',
      `./${mode}`,
      '--output-public-path',
      `/${mode}/`,
    ]);
  }
  // Names of our functions, which a trace of a panic tells.
  const names = (/** @type {string} */ mode) => {
    const modules = readdirSync(join(folder, mode)).filter((file) => file.endsWith('.wasm'));
    return modules.some((file) => readFileSync(join(folder, mode, file)).includes('handle_input'));
  };
  assert.deepEqual(
    [names('development'), names('production')],
    [true, false],
    'development mode takes the build with words and names',
  );
  writeFileSync(
    join(folder, 'plain.html'),
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
    <script type="importmap">{ "imports": { "tonearm": "/node_modules/tonearm/dist/index.js", "tonearm/queue": "/node_modules/tonearm/dist/queue.js" } }</script>
    <script type="module">${entry}</script>`,
  );
  const types = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm', mp3: 'audio/mpeg' };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    const file = path === '/track.mp3' ? `${root}tests/e2e/media/short.mp3` : join(folder, path);
    if (!existsSync(file)) return response.writeHead(404).end();
    // The strictest policy that lets wasm run: the page's own origin alone.
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-inline'; img-src data:",
    );
    response.setHeader(
      'content-type',
      types[/** @type {keyof typeof types} */ (file.split('.').pop())] ?? 'text/plain',
    );
    return response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await startBrowser();
  try {
    for (const page of ['production.html', 'development.html', 'plain.html']) {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${port}/${page}`);
      await tab.waitForFunction(() => globalThis.outcome);
      assert.equal(await tab.evaluate(() => globalThis.outcome), 'playing', page);
      await tab.close();
    }
  } finally {
    await browser.close();
    server.close();
  }
});
