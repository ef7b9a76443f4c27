// Nobody traces: what the others add is counted from here.
globalThis.traced = (url) => fetch(url);
