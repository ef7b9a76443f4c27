// When the page is hidden or left (Page Visibility; HTML, "unloading documents"). `pagehide` fires on the
// window and never on the document; a phone's browser may give no other sign than the hidden one.

/** Calls back whenever the page is hidden or left, and says which. */
export function onHidden(callback: (left: boolean) => void) {
  // A Worker has no document, and no event when its page is left.
  globalThis.document?.addEventListener(
    'visibilitychange',
    () => document.visibilityState === 'hidden' && callback(false),
  );
  addEventListener('pagehide', () => callback(true));
}

/** Calls back whenever the page has a network again. */
export const onOnline = (callback: () => void) => addEventListener('online', callback);
