// The session of a tab, kept from page to page in `sessionStorage`: it ends with the tab, or when the core
// says so: whether it goes on is the core's to decide.

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

/** The session of the tab's last page, how long ago it began and was kept last, in milliseconds. */
export function lastSession(service: string) {
  const last = read(service);
  if (!last) return undefined;
  const { id, began, active, counted } = last;
  return { id, age: Date.now() - began, idle: Date.now() - active, counted: Boolean(counted) };
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
