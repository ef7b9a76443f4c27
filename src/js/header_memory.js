// Where a trace header may go: what origins and paths made of it before.

/** Paths that are remembered; the oldest are forgotten first. */
const MAX_PATHS = 512;

/** Origins that let the header through (true), or did not (false). @type {Map<string, boolean>} */
const origins = new Map();
/** The same by origin and path: a path of any origin may redirect to another that refuses. @type {Map<string, boolean>} */
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

/**
 * Whether a request may carry the header. An unsafe one needs an origin that has accepted it: it cannot be sent again.
 * @param {{ href: string, origin: string, foreign: boolean }} target @param {boolean} isSafe
 */
export function mayCarry({ href, origin, foreign }, isSafe) {
  if (paths.get(pathOf(href)) === false) return false;
  return !foreign || origins.get(origin) || (isSafe && origins.get(origin) !== false);
}

/**
 * Whether a failure may be the header's fault: nothing there has accepted it yet.
 * @param {{ href: string, origin: string, foreign: boolean }} target
 */
export const mayBeRefused = ({ href, origin, foreign }) =>
  foreign ? !origins.has(origin) : !paths.has(pathOf(href));

/**
 * A path redirects, to where a script does not see: it carries no header from then on.
 * @param {{ href: string }} target
 */
export const rememberRedirected = ({ href }) => rememberPath(href, false);

/** @param {{ href: string, origin: string, foreign: boolean }} target */
export function rememberAccepted({ href, origin, foreign }) {
  if (!foreign) rememberPath(href, true);
  else if (!origins.has(origin)) origins.set(origin, true);
}

/**
 * A request failed with the header, and did not without it. Only a redirect to another origin makes a path of the
 * page's own origin refuse it: anything else was the network.
 * @param {{ href: string, origin: string, foreign: boolean }} target @param {Response} response
 */
export function rememberRefused({ href, origin, foreign }, response) {
  if (response.redirected && new URL(response.url).origin !== origin) rememberPath(href, false);
  else if (foreign) origins.set(origin, false);
}
