// Recording and alert rules, as data: `deploy/generate.mjs` writes them to rules.yml. Windows are divided by
// `scale`: 1 is what ships; the drills run the same rules sixty times as fast.

import {
  AUDIO_DECODE_ATTEMPTS,
  AUDIO_DECODE_FAILURES,
  MUSIC_SEARCH_RESULTS,
  PLAYER_SESSION_HEARTBEATS,
  TRACK_BUFFER_TIME,
  TRACK_PLAY_ATTEMPTS,
  TRACK_PLAY_LATENCY,
  TRACK_PLAY_TIME,
} from '../semconv.mjs';

/** The labels that each objective is judged by. */
const BY = 'service, environment, network_region';
/** Windows that ratios are recorded over, in seconds. */
const WINDOWS = { '5m': 300, '30m': 1800, '1h': 3600, '6h': 21_600 };
/** What a Collector's own metrics count by. */
const SIGNALS = ['spans', 'metric_points', 'log_records'];
/**
 * The long window of a pair shows that the burn is no blip, the short one that it has not ended. (Site
 * Reliability Workbook, chapter 5: 2 % of a month's budget in an hour is a page, 5 % in six hours a ticket.)
 * A loose objective cannot burn that fast: no limit is above `most`. `wait` is added to an alert's `for`, so
 * that a page comes before its ticket.
 */
const BURNS = /** @type {const} */ ([
  { severity: 'page', long: '1h', short: '5m', factor: 14.4, most: 0.25, wait: 0 },
  { severity: 'ticket', long: '6h', short: '30m', factor: 6, most: 0.15, wait: 900 },
]);

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
      `1 - histogram_fraction(0, 1, ${rate(`${TRACK_PLAY_LATENCY}{track_play_trigger="user", late=""}`, window, by)})`,
  },
  {
    // Sums over sums: waiting, of all the time that was waited or heard.
    name: 'buffering',
    budget: 0.01,
    ratio: (window, by) => `${rate(`${TRACK_BUFFER_TIME}{late=""}`, window, by)}
  / (${rate(`${TRACK_PLAY_TIME}{late=""}`, window, by)} + ${rate(`${TRACK_BUFFER_TIME}{late=""}`, window, by)})`,
  },
  {
    name: 'decode_failed',
    budget: 0.001,
    ratio: (window, by) =>
      `${rate(`${AUDIO_DECODE_FAILURES}{late=""}`, window, by)} / ${rate(`${AUDIO_DECODE_ATTEMPTS}{late=""}`, window, by)}`,
  },
  {
    // What the listener gave up, or the browser's policy refused, is nobody's failure.
    name: 'play_failed',
    budget: 0.005,
    ratio: (
      window,
      by,
    ) => `${rate(`${TRACK_PLAY_ATTEMPTS}{outcome="failed", error_class="technical", late=""}`, window, by)}
  / ${rate(`${TRACK_PLAY_ATTEMPTS}{outcome=~"started|failed", error_class!="business", late=""}`, window, by)}`,
  },
];

/**
 * page: the on-call engineer acts now, at night too. ticket: it is worked on within days. notice: it needs no
 * action now.
 * @typedef {'page' | 'ticket' | 'notice'} Severity
 * @typedef {{ severity: Severity, for: number, expr: string }} Level
 * @typedef {{ alert: string, levels: Level[], summary: string, look: string, objective?: string, traces?:
 * string }} Alert
 */

/** Fewer plays than this say nothing. */
const ENOUGH = ` and on (${BY}) sum by (${BY}) (increase(${TRACK_PLAY_ATTEMPTS}[1h])) > 30`;

/**
 * Excludes where one of these alerts fires or has fired within the window, for the same listeners.
 * @param {readonly string[]} alerts @param {Severity} severity @param {string} window
 */
const unless = (alerts, severity, window) =>
  alerts.length === 0
    ? ''
    : `\n  unless on (${BY}) max_over_time(ALERTS{alertname=~"${alerts.join('|')}", severity="${severity}", alertstate="firing"}[${window}])`;

/**
 * The levels of an objective's alert: its budget burns at a rate by both windows of a pair. One cause is one
 * alert: a page of a cause excludes the pages of what follows from it, and a page or ticket the tickets; a
 * ticket excludes no page. Each exclusion lasts for the short window after the excluding alert: until then
 * the ratio still contains what that alert was about.
 * @param {string} objective
 * @param {number} seconds
 * @param {string} alert
 * @param {string[]} causes alerts for the same listeners that explain this one
 * @returns {Level[]}
 */
const burnLevels = (objective, seconds, alert, causes) =>
  BURNS.map(({ severity, long, short, factor, most, wait }) => {
    const { budget } = /** @type {{ budget: number }} */ (OBJECTIVES.find(({ name }) => name === objective));
    const limit = Math.min(most, Number((factor * budget).toFixed(6)));
    const ratio = `tonearm:${objective}:ratio_rate`;
    const excluded =
      severity === 'page'
        ? unless(causes, 'page', short)
        : unless([...causes, alert], 'page', short) + unless(causes, 'ticket', short);
    return {
      severity,
      for: seconds + wait,
      expr: `(${ratio}${long} > ${limit} and ${ratio}${short} > ${limit})${ENOUGH}${excluded}`,
    };
  });

/** A fault of the chain itself explains all that follows. */
const NO_CHAIN = ' unless on () (ALERTS{alertname="CollectorDown", alertstate="firing"} == 1)';

/** Collectors of this job whose exporter has a queue and sends nothing. @param {string} job */
const stuck = (
  job,
) => `max by (job, instance, exporter) ((otelcol_exporter_queue_size{job="${job}"} or otelcol_split_refused_queue_size{job="${job}"}) > 0)
  unless on (instance, exporter) (${SIGNALS.map((what) => `rate(otelcol_exporter_sent_${what}[2m]) > 0`).join(' or ')})${NO_CHAIN}`;

/** Collectors that refuse records. */
const REFUSED = `(${SIGNALS.map((what) => `sum by (job, instance) (rate(otelcol_receiver_refused_${what}[5m])) > 0`).join('\n  or ')})${NO_CHAIN}`;

/** What a Collector counts, by these labels, while it counts. @param {string} counter @param {string} by */
const counting = (counter, by) => `sum by (${by}) (rate(${counter}[5m])) > 0`;

/**
 * In this order: a rule reads what those before it have just recorded. Seconds as they ship. @type {Alert[]}
 */
export const ALERTS = [
  {
    alert: 'CollectorDown',
    levels: [
      {
        severity: 'page',
        for: 60,
        // Also where the Collector lives, and what it has counted cannot be read: a forged series, or more
        // than Prometheus takes.
        expr: `up{job=~"tonearm-(ingest|processing)"} == 0
  or (max_over_time(up{job="tonearm-listeners"}[2m]) == 0 unless on () (min_over_time(up{job="tonearm-processing"}[2m]) == 0))`,
      },
    ],
    summary:
      '{{ if eq $labels.job "tonearm-listeners" }}Prometheus cannot read what listeners counted from {{ $labels.instance }}: objectives are not judged.{{ else }}The Collector {{ $labels.instance }} ({{ $labels.job }}) does not answer: records wait with the listeners, or in the ingest tier\'s queue.{{ end }}',
    look: 'collectordown',
  },
  {
    alert: 'BackendUnreachable',
    levels: [
      // Nothing reaches the processing tier: objectives are not judged.
      { severity: 'page', for: 120, expr: stuck('tonearm-ingest') },
      // Traces, logs or exemplars are not stored. Metrics are scraped: objectives are judged still.
      { severity: 'ticket', for: 120, expr: stuck('tonearm-processing') },
    ],
    summary:
      'The Collector {{ $labels.instance }} ({{ $labels.job }}) cannot send to {{ $labels.exporter }}: its queue holds {{ $value }}.',
    look: 'backendunreachable',
  },
  {
    alert: 'TelemetryRefused',
    levels: [
      // Nothing is lost yet, and a peak is over by itself. For an hour it is a lack of memory, of disk or of
      // Collectors.
      { severity: 'ticket', for: 3600, expr: REFUSED },
      {
        severity: 'notice',
        for: 300,
        expr: `${REFUSED}
  unless on (job, instance) ALERTS{alertname="TelemetryRefused", severity="ticket", alertstate="firing"}`,
      },
    ],
    summary:
      'The Collector {{ $labels.instance }} refuses records: listeners keep them and retry, until their own queues are full.',
    look: 'telemetryrefused',
  },
  {
    // A page is newer than the allow list, or its records are forged.
    alert: 'PointsDropped',
    levels: [
      {
        severity: 'ticket',
        for: 300,
        expr: counting('otelcol_allow_list_dropped', 'job, instance, signal, reason'),
      },
    ],
    summary:
      'The Collector {{ $labels.instance }} drops {{ $labels.signal }} for {{ $labels.reason }}: forged, or not on its list.',
    look: 'pointsdropped',
  },
  {
    alert: 'ValuesBounded',
    levels: [
      {
        severity: 'ticket',
        for: 300,
        expr: counting('otelcol_allow_list_other', 'job, instance, signal, key'),
      },
    ],
    summary:
      'Values of {{ $labels.key }} in {{ $labels.signal }} are added up as other by {{ $labels.instance }}: too many, or of another form.',
    look: 'valuesbounded',
  },
  {
    alert: 'StreamsDropped',
    levels: [
      {
        severity: 'page',
        for: 60,
        expr: counting('otelcol_deltatocumulative_datapoints{error!=""}', 'job, instance, error'),
      },
    ],
    summary:
      'The Collector {{ $labels.instance }} loses increments of listeners ({{ $labels.error }}): objectives are wrong.',
    look: 'streamsdropped',
  },
  {
    alert: 'SpansLimited',
    levels: [
      {
        severity: 'ticket',
        for: 300,
        expr: counting('otelcol_service_rate_limit_dropped_spans', 'job, instance, service'),
      },
    ],
    summary:
      'More spans of {{ $labels.service }} are marked to be kept than its rate allows: {{ $value | humanize }} a second are dropped.',
    look: 'spanslimited',
  },
  {
    // The allow list bounds what a request can hold, so nothing that was acknowledged should be refused for
    // good.
    alert: 'RecordsLost',
    levels: [
      {
        severity: 'ticket',
        for: 60,
        expr: `${SIGNALS.map((what) => counting(`otelcol_exporter_send_failed_${what}{exporter!~"otlp_http/(logs|starts)"}`, 'job, instance, exporter')).join('\n  or ')}
  or ${counting('otelcol_split_refused_dropped_log_records', 'job, instance, exporter')}`,
      },
    ],
    summary:
      'The Collector {{ $labels.instance }} ({{ $labels.job }}) has lost records that {{ $labels.exporter }} refuses for good.',
    look: 'recordslost',
  },
  {
    alert: 'ListenersSilent',
    levels: [
      {
        severity: 'page',
        for: 120,
        expr: `(sum by (service, environment) (rate(${PLAYER_SESSION_HEARTBEATS}[1h])) * 30 > 3)
  unless on (service, environment) (sum by (service, environment) (rate(${PLAYER_SESSION_HEARTBEATS}[5m])) > 0)${NO_CHAIN}`,
      },
    ],
    summary:
      'No playback of {{ $labels.service }} is reported any more; within the last hour there were listeners.',
    look: 'listenerssilent',
  },
  {
    alert: 'DecodeFailures',
    levels: burnLevels('decode_failed', 60, 'DecodeFailures', []),
    objective: 'decode_failed',
    summary:
      "{{ $value | humanizePercentage }} of packets can't be decoded for {{ $labels.service }} in {{ $labels.network_region }}: objective 0.1 %.",
    look: 'decodefailures',
  },
  {
    alert: 'PlayFailures',
    levels: burnLevels('play_failed', 90, 'PlayFailures', ['DecodeFailures']),
    objective: 'play_failed',
    summary:
      '{{ $value | humanizePercentage }} of plays of {{ $labels.service }} in {{ $labels.network_region }} fail: objective 0.5 %.',
    look: 'playfailures',
    traces: `tags=${encodeURIComponent('{"error":"true"}')}`,
  },
  {
    alert: 'StartsSlow',
    levels: burnLevels('start_slow', 120, 'StartsSlow', ['DecodeFailures', 'PlayFailures']),
    objective: 'start_slow',
    summary:
      '{{ $value | humanizePercentage }} of plays of {{ $labels.service }} in {{ $labels.network_region }} start after more than a second: objective 5 %.',
    look: 'startsslow',
    traces: 'minDuration=1s',
  },
  {
    alert: 'Buffering',
    levels: burnLevels('buffering', 180, 'Buffering', ['DecodeFailures', 'PlayFailures', 'StartsSlow']),
    objective: 'buffering',
    summary:
      '{{ $value | humanizePercentage }} of listening to {{ $labels.service }} in {{ $labels.network_region }} is waiting: objective 1 %.',
    look: 'buffering',
    traces: 'operation=track.stall',
  },
];

/** A duration as Prometheus and Alertmanager write it. @param {number} seconds */
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

/**
 * The groups of rules.yml.
 * @param {{ scale?: number, jaeger?: string, runbook?: string }} [options] how much faster than what ships;
 * where traces are seen
 */
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
      expr: `${rate(`${PLAYER_SESSION_HEARTBEATS}{late=""}`, duration(300 / scale))} * 30`,
    },
    {
      record: 'tonearm:library_hit:ratio_rate5m',
      expr: `${rate(`${MUSIC_SEARCH_RESULTS}{hit="true", late=""}`, duration(300 / scale))}\n  / ${rate(`${MUSIC_SEARCH_RESULTS}{late=""}`, duration(300 / scale))}`,
    },
    {
      record: 'tonearm:start_latency:p95_rate5m',
      expr: `histogram_quantile(0.95, ${rate(`${TRACK_PLAY_LATENCY}{track_play_trigger="user", late=""}`, duration(300 / scale))})`,
    },
  ];
  const alerts = ALERTS.flatMap(({ alert, levels, summary, look, traces, objective }) =>
    levels.map(({ severity, for: seconds, expr }) => ({
      alert,
      expr: scaled(expr, scale),
      for: duration(seconds / scale),
      labels: { severity },
      annotations: {
        summary,
        runbook: `${runbook}#${look}`,
        ...(traces && {
          traces: `${jaeger}/search?service={{ $labels.service | urlquery }}&operation=${traces.startsWith('operation') ? traces.slice(10) : `track.play&${traces}`}`,
        }),
        // In LogQL and in LogsQL. Each line has its trace.
        ...(alert === 'DecodeFailures' && {
          lines:
            '{service="{{ $labels.service }}", environment="{{ $labels.environment }}", event="audio.decode_failed"}',
        }),
        ...(objective && {
          worst_node: `{{ with printf "topk(1, tonearm:${objective}:by_node_rate5m{service=%q, network_region=%q})" $labels.service $labels.network_region | query }}{{ with first . }}{{ .Labels.cdn_node }}{{ end }}{{ end }}`,
        }),
      },
    })),
  );
  const interval = scale === 1 ? '30s' : '1s';
  return [
    { name: 'tonearm-indicators', interval, rules: [...ratios, ...others] },
    { name: 'tonearm-alerts', interval, rules: alerts },
  ];
}
