// The names that the scripts write themselves; `semconv.rs` beside it has them all, with their
// sources, and a test holds this list against it.

export const SPAN_TRACK_LOAD = 'track.load';
export const SPAN_TRACK_PLAY = 'track.play';
export const MUSIC_TRACK_ID = 'music.track_id';
export const MUSIC_PLAYLIST_ID = 'music.playlist_id';
export const HTTP_REQUEST_METHOD = 'http.request.method';
export const HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const HTTP_PHASE_LOOKUP = 'http.phase.lookup';
export const HTTP_PHASE_CONNECT = 'http.phase.connect';
export const HTTP_PHASE_WAIT = 'http.phase.wait';
export const HTTP_PHASE_RECEIVE = 'http.phase.receive';
export const URL_FULL = 'url.full';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const ERROR_TYPE = 'error.type';
export const CDN_NODE = 'cdn.node';
export const CDN_CACHE = 'cdn.cache';
export const SERVER_TRACE_ID = 'server.trace_id';
export const TRACK_REQUEST_PURPOSE = 'track.request.purpose';
export const EVENT_DEVICE_CHANGED = 'audio.device_changed';
