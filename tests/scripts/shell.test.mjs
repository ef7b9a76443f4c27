// The shell scripts run with bash 3.2 and BSD tools, as macOS has them.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const scripts = execFileSync('git', ['ls-files', '--', '*.sh'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');

/** What only GNU's tools or a later bash have. @type {[RegExp, string][]} */
const GNU_ONLY = [
  [/(?<!have )\bsha256sum\b(?! "\$@")/, 'sha256 of env.sh'],
  [/(?<!have )(?<!if )\btimeout \d/, 'within_seconds of env.sh'],
  [/\bsed -i\b/, 'a file that is written anew'],
  [/\bsed\b[^|]*\\t/, 'a literal tab'],
  [/\bsort -V\b/, 'a comparison of numbers'],
  [/\breadlink -f\b|\brealpath\b/, 'cd and pwd'],
  [/\bgrep -[a-zA-Z]*P/, 'grep -E'],
  [/\bxargs\b.* (-r|-d|--)/, 'xargs without GNU options'],
  [/\bdate -d\b|\bstat -c\b|\bcp --|\bmktemp --|\bdu --/, 'what both have'],
  [/\bdeclare -A\b|\bmapfile\b|\breadarray\b|\$\{\w+,,\}|\$\{\w+\^\^\}/, 'what bash 3.2 has'],
];

for (const script of scripts) {
  test(`${script} is valid bash and uses nothing that only GNU has`, () => {
    const { status, stderr } = spawnSync('bash', ['-n', root + script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const [at, line] of readFileSync(root + script, 'utf8')
      .split('\n')
      .entries()) {
      if (/^\s*#/.test(line)) continue;
      for (const [pattern, instead] of GNU_ONLY)
        assert.ok(!pattern.test(line), `${script}:${at + 1}: use ${instead}: ${line.trim()}`);
    }
  });
}
