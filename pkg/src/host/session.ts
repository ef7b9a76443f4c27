// The session of a tab, kept from page to page in `sessionStorage`: it ends with the tab, or when the core
// says so.

/** Longer than that without a page, and another begins, in milliseconds (`IDLE` of `ambient.rs`). */
const IDLE = 30 * 60_000;

const keyOf = (service: string) => `tonearm.session.${service}`;

/** What is kept of the last page; undefined where there is nothing, or the app's own. */
function read(service: string): { id: string; began: number; active: number; counted: boolean } | undefined {
  try {
    const last = JSON.parse(sessionStorage.getItem(keyOf(service)) ?? '');
    if (/^[\da-f]{32}$/.test(last.id) && last.began <= Date.now() && last.active <= Date.now()) return last;
  } catch {
    // No JSON, no object, or a page without storage.
  }
}

/** The session of the tab's last page, and how old it is; none where there was none lately. */
export function lastSession(service: string) {
  const last = read(service);
  if (last && Date.now() - last.active < IDLE)
    return { id: last.id, age: Date.now() - last.began, counted: Boolean(last.counted) };
}

/** Keeps it for the tab's next page; nothing is kept where there is no id. */
export function keepSession(service: string, id?: string, counted?: boolean) {
  try {
    const last = read(service);
    const active = Date.now();
    const began = last && last.id === id ? last.began : active;
    if (id) sessionStorage.setItem(keyOf(service), JSON.stringify({ id, began, active, counted }));
    else if (last) sessionStorage.removeItem(keyOf(service));
  } catch {
    // A page without storage has a session of its own.
  }
}
