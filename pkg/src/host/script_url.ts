// URLs that `new Worker()` takes where it refuses a plain one: a page under Trusted Types, a script of
// another origin.

import { baseUrl } from './base_url.js';

let policy: { createScriptURL(url: string): any } | undefined;
/** The only URL that the policy vouches for. */
let expected = '';

/** Wraps a URL of ours by the policy `tonearm`, where the browser knows policies. */
function trusted(url: string) {
  const { trustedTypes } = globalThis as any;
  if (!trustedTypes) return url;
  policy ??= trustedTypes.createPolicy('tonearm', {
    createScriptURL(given: string) {
      if (given === expected) return given;
      throw new TypeError(`tonearm: expected the URL of its Worker, got ${given.slice(0, 100)}`);
    },
  }) as NonNullable<typeof policy>;
  expected = url;
  return policy.createScriptURL(url);
}

/** Whether a script is of another origin than the page, which may load it and not run it as a Worker. */
export const isCrossOrigin = ({ protocol, origin }: URL) =>
  protocol.startsWith('http') && origin !== globalThis.origin;

/**
 * A Worker of a script whose plain URL was refused: one of another origin is imported by a script of this
 * one.
 */
export function openRefusedWorker(place: string | URL) {
  const url = new URL(place, baseUrl());
  if (!isCrossOrigin(url)) return new Worker(trusted(url.href), { type: 'module' });
  const script = `import ${JSON.stringify(url.href)};`;
  // Chromium runs no module of a Blob in a sandboxed frame, whose origin is opaque.
  if (globalThis.origin === 'null')
    return new Worker(trusted(`data:text/javascript,${encodeURIComponent(script)}`), { type: 'module' });
  const href = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(trusted(href), { type: 'module' });
  // Its script has been fetched by its first message.
  worker.addEventListener('message', () => URL.revokeObjectURL(href), { once: true });
  return worker;
}
