// The session of a tab, kept from page to page in `sessionStorage`: it ends with the tab, or when the core
// says so.

/** Longer than that without a page, and another begins, in milliseconds (`IDLE` of `ambient.rs`). */
const IDLE = 30 * 60_000;

const keyOf = (/** @type {string} */ service) => `tonearm.session.${service}`;

/**
 * The session of the tab's last page, and how old it is; none where there was none lately.
 * @param {string} service
 */
export function lastSession(service) {
  try {
    const { id, began, active, told } = JSON.parse(sessionStorage.getItem(keyOf(service)) ?? '{}');
    if (id && Date.now() - active < IDLE)
      return { id: String(id), age: Math.max(0, Date.now() - began), told: Boolean(told) };
  } catch {
    // A page without storage has a session of its own.
  }
}

/**
 * Keeps it for the tab's next page; nothing is kept where there is no id.
 * @param {string} service
 * @param {string} [id]
 * @param {boolean} [told] whether it was counted
 */
export function keepSession(service, id, told) {
  try {
    const last = JSON.parse(sessionStorage.getItem(keyOf(service)) ?? '{}');
    const active = Date.now();
    if (!id) sessionStorage.removeItem(keyOf(service));
    else
      sessionStorage.setItem(
        keyOf(service),
        JSON.stringify({ id, began: last.id === id ? last.began : active, active, told }),
      );
  } catch {
    // As above.
  }
}
