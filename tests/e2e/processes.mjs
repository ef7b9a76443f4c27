// The processes that a test has started, by /proc.

import { readFileSync, readdirSync } from 'node:fs';

/** A file of a process that may be gone. @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * All processes below one.
 * @param {number} root
 * @returns {{ pid: number, command: string }[]}
 */
export function descendants(root) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] ?? 0),
      command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' '),
    }));
  const found = new Set([root]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid) && pid !== root);
}
