// Where a trace header may go: what origins and paths made of it before.

/** Paths that are remembered; the oldest are forgotten first. */
const MAX_PATHS = 512;
/**
 * Milliseconds for which an origin's first refusal is remembered, and by how much longer each further one is. A connection that
 * was cut with the header and held without looks like a refusal: the header is tried again, ever more rarely.
 */
const REFUSAL = 60_000;
const LONGER = 8;

/** An origin that let the header through, or when it may be tried again and how long the next refusal counts.
 *  @typedef {{ accepts: boolean, until: number, next: number }} Memory */

/** @type {Map<string, Memory>} */
const origins = new Map();
/** Whether a path lets it through: a path of any origin may redirect to another that refuses. @type {Map<string, boolean>} */
const paths = new Map();

/** @param {string} href */
const pathOf = (href) => href.split(/[?#]/, 1)[0];

/** @param {string} href @param {boolean} accepts */
function rememberPath(href, accepts) {
  const path = pathOf(href);
  if (paths.get(path) === accepts) return;
  paths.set(path, accepts);
  if (paths.size > MAX_PATHS) paths.delete(/** @type {string} */ (paths.keys().next().value));
}

/** Whether an origin refuses it as far as is known. @param {string} origin */
const refuses = (origin) => performance.now() < (origins.get(origin)?.until ?? 0);

/**
 * Whether a request may carry the header. An unsafe one needs an origin that has accepted it: it cannot be sent again.
 * @param {{ href: string, origin: string, foreign: boolean }} target @param {boolean} isSafe or whether the app vouches for the origin
 */
export function mayCarry({ href, origin, foreign }, isSafe) {
  if (paths.get(pathOf(href)) === false) return false;
  return !foreign || origins.get(origin)?.accepts || (isSafe && !refuses(origin));
}

/**
 * Whether a failure may be the header's fault: nothing there has accepted it yet.
 * @param {{ href: string, origin: string, foreign: boolean }} target
 */
export const mayBeRefused = ({ href, origin, foreign }) =>
  foreign ? !origins.get(origin)?.accepts : !paths.has(pathOf(href));

/**
 * A path redirects, to where a script does not see: it carries no header from then on.
 * @param {{ href: string }} target
 */
export const rememberRedirected = ({ href }) => rememberPath(href, false);

/** @param {{ href: string, origin: string, foreign: boolean }} target */
export function rememberAccepted({ href, origin, foreign }) {
  if (!foreign) rememberPath(href, true);
  else if (!origins.get(origin)?.accepts) origins.set(origin, { accepts: true, until: 0, next: REFUSAL });
}

/**
 * A request failed with the header, and did not without it. Only a redirect to another origin makes a path of the
 * page's own origin refuse it: anything else was the network.
 * @param {{ href: string, origin: string, foreign: boolean }} target @param {Response} response
 */
export function rememberRefused({ href, origin, foreign }, response) {
  if (response.redirected && new URL(response.url).origin !== origin) return rememberPath(href, false);
  if (!foreign) return;
  const { next = REFUSAL } = origins.get(origin) ?? {};
  origins.set(origin, { accepts: false, until: performance.now() + next, next: next * LONGER });
}
