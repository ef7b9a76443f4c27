// Recording and alert rules, as data: `deploy/generate.mjs` writes them to rules.yml. Windows are divided by
// `scale`: 1 is what ships; the drills run the same rules sixty times as fast.

/** By what objectives are told apart. */
const BY = 'service, environment, network_region';
/** Windows that ratios are recorded over, in seconds. */
const WINDOWS = { '5m': 300, '30m': 1800, '1h': 3600, '6h': 21_600 };
/** A pair of windows catches what burns the budget that fast: a long one so that it is no blip, a short one so that it ends soon.
 *  (Site Reliability Workbook, chapter 5: 2 % of a month's budget in an hour, 5 % in six.) A loose objective can't burn that fast:
 *  nobody should wait for 72 % of slow starts. So no limit lies above `most`. */
const BURNS = [
  { long: '1h', short: '5m', factor: 14.4, most: 0.25 },
  { long: '6h', short: '30m', factor: 6, most: 0.15 },
];

/** @param {string} series @param {string} window @param {string} by */
const rate = (series, window, by = BY) => `sum by (${by}) (rate(${series}[${window}]))`;

/** What an objective is about: the ratio that is bad, and how much of it there may be.
 *  @type {{ name: string, budget: number, ratio: (window: string, by?: string) => string }[]} */
export const OBJECTIVES = [
  {
    // Of plays that a listener asked for; a preloaded next track starts in no time and would hide the rest.
    name: 'start_slow',
    budget: 0.05,
    ratio: (window, by) =>
      `1 - histogram_fraction(0, 1, ${rate('track_play_latency_seconds{track_play_trigger="user", late=""}', window, by)})`,
  },
  {
    // Sums over sums: waiting, of all the time that was waited or heard.
    name: 'buffering',
    budget: 0.01,
    ratio: (window, by) => `${rate('track_buffer_time_seconds_total{late=""}', window, by)}
  / (${rate('track_play_time_seconds_total{late=""}', window, by)} + ${rate('track_buffer_time_seconds_total{late=""}', window, by)})`,
  },
  {
    name: 'decode_failed',
    budget: 0.001,
    ratio: (window, by) =>
      `${rate('audio_decode_failures_total{late=""}', window, by)} / ${rate('audio_decode_attempts_total{late=""}', window, by)}`,
  },
  {
    // What the listener gave up, or the browser's policy refused, is nobody's failure.
    name: 'play_failed',
    budget: 0.005,
    ratio: (
      window,
      by,
    ) => `${rate('track_play_attempts_total{outcome="failed", error_class="technical", late=""}', window, by)}
  / ${rate('track_play_attempts_total{outcome=~"started|failed", error_class!="business", late=""}', window, by)}`,
  },
];

/**
 * @typedef {{ alert: string, expr: string, for: number, severity: 'page' | 'ticket', summary: string, look: string, objective?: string, traces?: string }} Alert
 */

/** The budget burns so fast by both windows of a pair. @param {string} name @param {number} budget */
const burning = (name, budget) =>
  BURNS.map(({ long, short, factor, most }) => {
    const limit = Math.min(most, Number((factor * budget).toFixed(6)));
    return `(tonearm:${name}:ratio_rate${long} > ${limit} and tonearm:${name}:ratio_rate${short} > ${limit})`;
  }).join('\n  or ');

/** So few plays say nothing. */
const ENOUGH = ` and on (${BY}) sum by (${BY}) (increase(track_play_attempts_total[1h])) > 30`;

/**
 * One cause is one alert: where a graver one fires for the same listeners, this one says nothing.
 * @param {string[]} causes
 */
const unless = (causes) =>
  causes.map((cause) => `\n  unless on (${BY}) ALERTS{alertname="${cause}", alertstate="firing"}`).join('');

/** A fault of the chain itself explains all that follows. */
const NO_CHAIN = ' unless on () (ALERTS{alertname="CollectorDown", alertstate="firing"} == 1)';

/** In this order: what inhibits comes before what it inhibits. Seconds as they ship. @type {Alert[]} */
export const ALERTS = [
  {
    alert: 'CollectorDown',
    severity: 'page',
    for: 60,
    expr: 'up{job=~"tonearm-(ingest|processing)"} == 0',
    summary:
      "The Collector {{ $labels.instance }} ({{ $labels.job }}) does not answer: what is recorded waits with the listeners, or in the ingest tier's queue.",
    look: 'collectordown',
  },
  {
    alert: 'BackendUnreachable',
    severity: 'page',
    for: 120,
    expr: `max by (job, instance, exporter) (otelcol_exporter_queue_size{job=~"tonearm-.*"} > 0)
  unless on (instance, exporter) (${['spans', 'metric_points', 'log_records'].map((what) => `rate(otelcol_exporter_sent_${what}[2m]) > 0`).join(' or ')})${NO_CHAIN}`,
    summary:
      "The Collector {{ $labels.instance }} ({{ $labels.job }}) can't hand on to {{ $labels.exporter }}: its queue holds {{ $value }}.",
    look: 'backendunreachable',
  },
  {
    alert: 'TelemetryRefused',
    severity: 'ticket',
    for: 300,
    expr: `(${['spans', 'metric_points', 'log_records'].map((what) => `sum by (job, instance) (rate(otelcol_receiver_refused_${what}[5m])) > 0`).join('\n  or ')})${NO_CHAIN}`,
    summary:
      'The Collector {{ $labels.instance }} refuses records: listeners keep them and come back, until their own queues are full.',
    look: 'telemetryrefused',
  },
  {
    alert: 'ListenersSilent',
    severity: 'page',
    for: 120,
    expr: `(sum by (service, environment) (rate(player_session_heartbeats_total[1h])) * 30 > 3)
  unless on (service, environment) (sum by (service, environment) (rate(player_session_heartbeats_total[5m])) > 0)${NO_CHAIN}`,
    summary: 'Nobody tells of playing {{ $labels.service }} any more, and an hour ago there were listeners.',
    look: 'listenerssilent',
  },
  {
    alert: 'DecodeFailures',
    severity: 'page',
    for: 60,
    expr: `(${burning('decode_failed', 0.001)})${ENOUGH}`,
    objective: 'decode_failed',
    summary:
      "{{ $value | humanizePercentage }} of packets can't be decoded for {{ $labels.service }} in {{ $labels.network_region }}: objective 0.1 %.",
    look: 'decodefailures',
  },
  {
    alert: 'PlayFailures',
    severity: 'page',
    for: 90,
    objective: 'play_failed',
    expr: `(${burning('play_failed', 0.005)})${ENOUGH}${unless(['DecodeFailures'])}`,
    summary:
      '{{ $value | humanizePercentage }} of plays of {{ $labels.service }} in {{ $labels.network_region }} fail: objective 0.5 %.',
    look: 'playfailures',
    traces: `tags=${encodeURIComponent('{"error":"true"}')}`,
  },
  {
    alert: 'StartsSlow',
    severity: 'page',
    for: 120,
    objective: 'start_slow',
    expr: `(${burning('start_slow', 0.05)})${ENOUGH}${unless(['DecodeFailures', 'PlayFailures'])}`,
    summary:
      '{{ $value | humanizePercentage }} of plays of {{ $labels.service }} in {{ $labels.network_region }} start after more than a second: objective 5 %.',
    look: 'startsslow',
    traces: 'minDuration=1s',
  },
  {
    alert: 'Buffering',
    severity: 'page',
    for: 180,
    objective: 'buffering',
    expr: `(${burning('buffering', 0.01)})${ENOUGH}${unless(['DecodeFailures', 'PlayFailures', 'StartsSlow'])}`,
    summary:
      '{{ $value | humanizePercentage }} of listening to {{ $labels.service }} in {{ $labels.network_region }} is waiting: objective 1 %.',
    look: 'buffering',
    traces: 'operation=track.stall',
  },
];

/** So many seconds, as Prometheus writes them. @param {number} seconds */
export function duration(seconds) {
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** The windows of an expression, divided. @param {string} expression @param {number} scale */
const scaled = (expression, scale) =>
  expression.replace(
    /\[(\d+)([smh])\]/g,
    (_, count, unit) =>
      `[${duration((Number(count) * { s: 1, m: 60, h: 3600 }[/** @type {'s' | 'm' | 'h'} */ (unit)]) / scale)}]`,
  );

/** The groups of rules.yml.
 *  @param {{ scale?: number, jaeger?: string, runbook?: string }} [options] how much faster than what ships; where traces are seen */
export function ruleGroups({
  scale = 1,
  jaeger = 'http://localhost:16686',
  runbook = 'https://github.com/tonearm-audio/tonearm/blob/main/docs/operations.md',
} = {}) {
  const ratios = OBJECTIVES.flatMap(({ name, ratio }) =>
    Object.entries(WINDOWS).map(([window, seconds]) => ({
      record: `tonearm:${name}:ratio_rate${window}`,
      expr: ratio(duration(seconds / scale)),
    })),
  );
  const others = [
    // Which CDN node is at fault.
    ...OBJECTIVES.map(({ name, ratio }) => ({
      record: `tonearm:${name}:by_node_rate5m`,
      expr: ratio(duration(300 / scale), `${BY}, cdn_node`),
    })),
    // A heartbeat comes each 30 s of a page in which something is to be heard.
    {
      record: 'player_active_sessions_total',
      expr: `${rate('player_session_heartbeats_total{late=""}', duration(300 / scale))} * 30`,
    },
    {
      record: 'tonearm:library_hit:ratio_rate5m',
      expr: `${rate('music_search_results_total{hit="true", late=""}', duration(300 / scale))}\n  / ${rate('music_search_results_total{late=""}', duration(300 / scale))}`,
    },
    {
      record: 'tonearm:start_latency:p95_rate5m',
      expr: `histogram_quantile(0.95, ${rate('track_play_latency_seconds{track_play_trigger="user", late=""}', duration(300 / scale))})`,
    },
  ];
  const alerts = ALERTS.map(({ alert, expr, for: seconds, severity, summary, look, traces, objective }) => ({
    alert,
    expr: scaled(expr, scale),
    for: duration(seconds / scale),
    labels: { severity },
    annotations: {
      summary,
      runbook: `${runbook}#${look}`,
      ...(traces && {
        traces: `${jaeger}/search?service={{ $labels.service }}&operation=${traces.startsWith('operation') ? traces.slice(10) : `track.play&${traces}`}`,
      }),
      // Each line has its trace.
      ...(alert === 'DecodeFailures' && {
        lines:
          '{service="{{ $labels.service }}", environment="{{ $labels.environment }}", event="audio.decode_failed"}',
      }),
      ...(objective && {
        worst_node: `{{ with printf "topk(1, tonearm:${objective}:by_node_rate5m{service='%s', network_region='%s'})" $labels.service $labels.network_region | query }}{{ with first . }}{{ .Labels.cdn_node }}{{ end }}{{ end }}`,
      }),
    },
  }));
  const interval = scale === 1 ? '30s' : '1s';
  return [
    { name: 'tonearm-indicators', interval, rules: [...ratios, ...others] },
    { name: 'tonearm-alerts', interval, rules: alerts },
  ];
}
