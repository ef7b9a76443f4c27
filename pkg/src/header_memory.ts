// Where a trace header may go: what origins and paths made of it before.

/** Paths that are remembered; the oldest are forgotten first. */
const MAX_PATHS = 512;
/**
 * Milliseconds for which an origin's first refusal is remembered, and by how much longer each further one is.
 * A connection that was cut with the header and held without looks like a refusal: the header is tried again,
 * ever more rarely.
 */
const REFUSAL = 60_000;
const LONGER = 8;

/**
 * An origin that let the header through, or when it may be tried again and how long the next refusal counts.
 */
export type Memory = { accepts: boolean; until: number; next: number };

const origins: Map<string, Memory> = new Map();
/** Whether a path lets it through: a path of any origin may redirect to another that refuses. */
const paths: Map<string, boolean> = new Map();

const pathOf = (href: string) => href.split(/[?#]/, 1)[0];

function rememberPath(href: string, accepts: boolean) {
  const path = pathOf(href);
  if (paths.get(path) === accepts) return;
  paths.set(path, accepts);
  if (paths.size > MAX_PATHS) paths.delete(paths.keys().next().value as string);
}

/** Whether an origin refuses it as far as is known. */
const refuses = (origin: string) => performance.now() < (origins.get(origin)?.until ?? 0);

/**
 * Whether a request may carry the header. An unsafe one needs an origin that has accepted it: it cannot be
 * sent again.
 * @param isSafe or whether the app vouches for the origin
 */
export function mayCarry(
  { href, origin, foreign }: { href: string; origin: string; foreign: boolean },
  isSafe: boolean,
) {
  if (paths.get(pathOf(href)) === false) return false;
  return !foreign || origins.get(origin)?.accepts || (isSafe && !refuses(origin));
}

/** Whether a failure may be the header's fault: nothing there has accepted it yet. */
export const mayBeRefused = ({
  href,
  origin,
  foreign,
}: {
  href: string;
  origin: string;
  foreign: boolean;
}) => (foreign ? !origins.get(origin)?.accepts : !paths.has(pathOf(href)));

/** A path redirects, to where a script does not see: it carries no header from then on. */
export const rememberRedirected = ({ href }: { href: string }) => rememberPath(href, false);

export function rememberAccepted({
  href,
  origin,
  foreign,
}: {
  href: string;
  origin: string;
  foreign: boolean;
}) {
  if (!foreign) rememberPath(href, true);
  else if (!origins.get(origin)?.accepts) origins.set(origin, { accepts: true, until: 0, next: REFUSAL });
}

/**
 * A request failed with the header, and did not without it. Only a redirect to another origin makes a path of
 * the page's own origin refuse it: anything else was the network.
 */
export function rememberRefused(
  { href, origin, foreign }: { href: string; origin: string; foreign: boolean },
  response: Response,
) {
  if (response.redirected && new URL(response.url).origin !== origin) return rememberPath(href, false);
  if (!foreign) return;
  const { next = REFUSAL } = origins.get(origin) ?? {};
  origins.set(origin, { accepts: false, until: performance.now() + next, next: next * LONGER });
}
