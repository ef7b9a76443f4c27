// The URL that relative ones are resolved against.

/** What relative URLs are resolved against: a Worker has no document. */
export const baseUrl = () => globalThis.document?.baseURI ?? globalThis.location?.href;
