// What is pending, kept for the next visit in IndexedDB. Rows belong to their tab while its Web Lock is held,
// so a second tab never sends what a living one will. Steady playback writes once in five seconds, relaxed; a
// store that can't be had, or a browser without Web Locks, leaves memory alone. What else an origin keeps is
// recognised by its names and its shape, and is not touched.

import type { DropReason, Signal } from 'tonearm-core-glue';

/** One request that no endpoint has answered for. */
export type Row = {
  tab: string;
  name: string;
  seq: number;
  at: number;
  signal: Signal;
  id: number;
  records: number;
  body: Uint8Array;
};

const STORE = 'rows';

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open() {
  const request = indexedDB.open('tonearm', 1);
  // By tab and number: all of a tab's rows are one range.
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

const rangeOf = (tab: string) => IDBKeyRange.bound([tab], [tab, []]);

const lockOf = (tab: string) => `tonearm.${tab}`;

/** Keys of notes in `localStorage`: the prefix and the tab. */
const NOTE = 'tonearm.tab.';
const NOTE_KEY = /^tonearm\.tab\.[\da-z]+(\.[\da-z]+){3}$/;
const noteOf = (tab: string) => NOTE + tab;
/** The key that is set for a moment to make other tabs drop what they have recorded for a service. */
const ERASED = 'tonearm.tab.erased';

/** What a tab noted of its requests: the last snapshot, and the requests that were not answered. */
export type Note = { name: string; seq: number; ids: number[] };

/** Reads a note; undefined for what is none, such as the app's own. */
function readNote(key: string): Note | undefined {
  try {
    const { name, seq, ids } = JSON.parse(localStorage.getItem(key) ?? '');
    if (typeof name === 'string' && Number.isInteger(seq) && Array.isArray(ids)) return { name, seq, ids };
  } catch {
    // No JSON, or no object.
  }
}

/** The keys of the notes of a service. */
const noteKeys = (name: string) =>
  Object.keys(localStorage).filter((key) => NOTE_KEY.test(key) && readNote(key)?.name === name);

/** Opens the rows to be changed. */
const storeOf = (db: IDBDatabase) =>
  db.transaction(STORE, 'readwrite', { durability: 'relaxed' }).objectStore(STORE);

/** Fulfils once all that was asked of a store is done. */
const whenComplete = ({ transaction }: IDBObjectStore) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });

/**
 * Erases all rows and notes of a service, those of other tabs too, which are made to drop what they hold.
 */
export async function erase(name: string) {
  try {
    for (const key of noteKeys(name)) localStorage.removeItem(key);
    localStorage.setItem(ERASED, name);
    localStorage.removeItem(ERASED);
  } catch {
    // Where there is no such storage nothing was kept.
  }
  let db: IDBDatabase | undefined;
  try {
    // One that no page has made yet stays unmade.
    const known = await indexedDB.databases?.();
    if (known && !known.some(({ name }) => name === 'tonearm')) return;
    db = await open();
    const store = storeOf(db);
    const [keys, rows] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    for (const [at, row] of rows.entries()) if (row?.name === name) store.delete(keys[at]);
    await whenComplete(store);
  } catch {
    // What can't be opened can't be read at the next visit either.
  }
  db?.close();
}

/** The requests of a snapshot (`snapshot` of `exports/records.rs`). */
function* requestsOf(signal: Signal, bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const [id, records, age, length] = [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true));
    yield { signal, id, records, at: Date.now() - age * 1000, body: bytes.slice(at + 16, at + 16 + length) };
    at += 16 + length;
  }
}

export class Spool {
  #db: IDBDatabase | undefined;
  #tab = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('.');
  /** Rows that were taken from others. */
  #taken = 0;
  #name;
  #reopened = false;
  /** Aborted when nobody wants it any more. */
  #closed = new AbortController();
  #snapshot;
  #lossOf;
  #recover;
  #release: (() => void) | undefined;
  /** The snapshot that was written last. */
  #seq = 0;
  /** Requests of metrics that are on their way. */
  #flying: Set<number> = new Set();
  /** The last note. */
  #note = '';
  /** Whether there was anything in the last snapshot. */
  #empty = true;
  /** Why nothing is kept, if nothing is. */
  fault: unknown;

  /**
   * @param name whose rows these are: the service's
   * @param lossOf why a row is not sent again, if it is not
   * @param recover takes a row over; `lost` is why it is not sent again
   * @param onErased called when another tab has erased them
   */
  constructor(
    name: string,
    snapshot: () => [Signal, Uint8Array][] | undefined,
    lossOf: (row: Row, mayHaveArrived: boolean) => DropReason | undefined,
    recover: (row: Row, lost?: DropReason) => void,
    onErased: () => void,
  ) {
    this.#name = name;
    this.#snapshot = snapshot;
    this.#lossOf = lossOf;
    this.#recover = recover;
    const { signal } = this.#closed;
    addEventListener('pageshow', ({ persisted }) => persisted && this.start(), { signal });
    addEventListener('storage', ({ key, newValue }) => key === ERASED && newValue === name && onErased(), {
      signal,
    });
    // Without locks a second tab would send what this one will.
    if (!globalThis.navigator.locks) this.fault = 'locks';
  }

  /** Takes the rows of tabs that are gone. */
  async start() {
    if (this.fault) return;
    try {
      await this.#open();
      if (this.#closed.signal.aborted) return this.leave();
      const tabs = new Set((await this.#rows()).map(({ tab }) => tab));
      // Notes of tabs that left no rows are of no use any more.
      for (const key of noteKeys(this.#name)) tabs.add(key.slice(NOTE.length));
      for (const tab of tabs) {
        if (tab !== this.#tab)
          await navigator.locks.request(
            lockOf(tab),
            { ifAvailable: true },
            (lock) => lock && this.#take(tab),
          );
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #open() {
    const db = (this.#db = await open());
    // A connection that is lost is opened once more; then memory alone is left.
    db.onclose = () => {
      this.#db = undefined;
      if (this.#reopened) this.#fail(new DOMException('The connection was lost.', 'InvalidStateError'));
      else this.#open().catch((error) => this.#fail(error));
      this.#reopened = true;
    };
    // A page of another version wants it.
    db.onversionchange = () => this.#fail(db.close());
  }

  /** Nobody wants it any more. */
  close() {
    this.#closed.abort();
    this.leave();
  }

  /**
   * Takes this tab's lock, which is asked for before the rows are there for others to see. Held for rows
   * alone: Firefox keeps no page in its back-forward cache that holds one.
   */
  #hold() {
    if (this.#release) return;
    const held = new Promise((release: (value?: undefined) => void) => (this.#release = release));
    navigator.locks.request(lockOf(this.#tab), () => held).catch((error) => this.#fail(error));
  }

  #letGo() {
    this.#release?.();
    this.#release = undefined;
  }

  #fail(error: unknown) {
    this.fault ??= error ?? 'closed';
    this.#db?.close();
    this.#db = undefined;
    if (this.#hasRows()) return;
    try {
      localStorage.removeItem(noteOf(this.#tab));
    } catch {
      // There is none.
    }
  }

  /** Whether rows of this tab may be stored: their notes are kept and go on, whatever failed since. */
  #hasRows = () => this.#seq + this.#taken > 0;

  /** The page is left: it may be kept in the cache, with nothing held. */
  leave() {
    this.#letGo();
    // What was begun is finished first.
    this.#db?.close();
    this.#db = undefined;
  }

  async #rows(): Promise<Row[]> {
    const rows = this.#db ? await done(storeOf(this.#db).getAll()) : [];
    return rows.filter((row) => this.#owns(row));
  }

  /** Whether a row is one, and of this service. */
  #owns = (row: any) =>
    row?.name === this.#name && typeof row.tab === 'string' && row.body instanceof Uint8Array;

  /** Makes a tab's rows our own, in one transaction, and hands them over. */
  async #take(tab: string) {
    if (!this.#db || this.#closed.signal.aborted) return;
    const store = storeOf(this.#db);
    const [keys, rows] = await Promise.all([
      done(store.getAllKeys(rangeOf(tab))),
      done(store.getAll(rangeOf(tab))),
    ]);
    const { seq, ids }: Note = readNote(noteOf(tab)) ?? { name: this.#name, seq: -1, ids: [] };
    const taken: [Row, DropReason?][] = [];
    for (const [at, row] of rows.entries()) {
      if (!this.#owns(row)) continue;
      store.delete(keys[at]);
      const lost = this.#lossOf(row, row.seq <= seq || ids.includes(row.id));
      taken.push([row, lost]);
      // Behind whatever this tab has written by then; its next snapshot takes their place.
      if (!lost) store.put({ ...row, tab: this.#tab, seq: 0, id: 0 }, [this.#tab, 1e9 + this.#taken++]);
    }
    if (taken.length > 0) this.#empty = false;
    if (!this.#empty) this.#hold();
    // Only what is ours for good is sent.
    await whenComplete(store);
    localStorage.removeItem(noteOf(tab));
    // The user may have refused meanwhile.
    if (this.#closed.signal.aborted) return;
    for (const [row, lost] of taken) this.#recover(row, lost);
  }

  /**
   * Writes what is pending in the place of what was, all of it in the caller's task: a page that is left has
   * no other, and holds its rows no more.
   */
  write(left?: boolean) {
    if (!this.#db || this.fault) return;
    const pending = this.#snapshot();
    if (!pending) return;
    const requests = pending.flatMap(([signal, bytes]) => [...requestsOf(signal, bytes)]);
    if (requests.length === 0 && this.#empty) return;
    this.#empty = requests.length === 0;
    const seq = ++this.#seq;
    try {
      if (!this.#empty && !left) this.#hold();
      // Another tab may have removed it while this one held nothing.
      if (!this.#empty) this.#storeNote();
      const store = storeOf(this.#db);
      store.delete(rangeOf(this.#tab));
      for (const [at, request] of requests.entries()) {
        store.put({ ...request, tab: this.#tab, name: this.#name, seq }, [this.#tab, at]);
      }
      store.transaction.commit();
      store.transaction.oncomplete = () => this.#empty && this.#letGo();
      store.transaction.onabort = () => this.#fail(store.transaction.error);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A request of metrics goes out (or was answered): noted at once, since a page may end at any moment. */
  note(id: number, answered: boolean) {
    if (this.#closed.signal.aborted || (this.fault && !this.#hasRows())) return;
    if (answered) this.#flying.delete(id);
    else this.#flying.add(id);
    this.#note = JSON.stringify({ name: this.#name, seq: this.#seq, ids: [...this.#flying] });
    this.#storeNote();
  }

  #storeNote() {
    try {
      if (this.#note) localStorage.setItem(noteOf(this.#tab), this.#note);
    } catch {
      // A page without storage keeps no rows either.
    }
  }
}
