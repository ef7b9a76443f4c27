// Grafana's boards as code, in the types of @grafana/schema. A path leads down through them: golden signals →
// region → CDN node → one play's story, by trace id. `files()` of generate.mjs writes them.

import { LOG_QUERIES, logql } from './log-queries.mjs';
import {
  AUDIO_BUFFER_UNDERFLOW,
  HTTP_CLIENT_REQUEST_DURATION,
  OTEL_SDK_EXPORTER_SPAN_EXPORTED,
  TRACK_BUFFER_TIME,
  TRACK_PLAY_ATTEMPTS,
  TRACK_PLAY_LATENCY,
  TRACK_PLAY_PHASE,
  TRACK_PLAY_TIME,
  TRACK_STALLS,
} from '../semconv.mjs';

/** @typedef {import('@grafana/schema').Dashboard} Dashboard */
/** @typedef {import('@grafana/schema').Panel} Panel */
/** @typedef {{ expr: string, legend?: string, exemplars?: boolean }} Query */

/** Uids that provisioning gives the data sources. */
const PROMETHEUS = { type: 'prometheus', uid: 'prometheus' };
const LOKI = { type: 'loki', uid: 'loki' };
const JAEGER = { type: 'jaeger', uid: 'jaeger' };

/** What the variables at the top leave. */
const CHOSEN = 'service=~"$service", environment=~"$environment"';
const HERE = `${CHOSEN}, network_region=~"$region"`;

/** Panels in rows of two. @param {Panel[]} panels */
const laidOut = (panels) =>
  panels.map((panel, at) => ({
    id: at + 1,
    gridPos: { x: (at % 2) * 12, y: Math.floor(at / 2) * 8, w: 12, h: 8 },
    ...panel,
  }));

/**
 * A figure over time.
 * @param {string} title
 * @param {Query[]} queries
 * @param {{ unit?: string, max?: number, links?: { title: string, url: string }[], objective?: number,
 * description?: string }} [options]
 */
const timeline = (title, queries, { unit = 'short', max, links, objective, description } = {}) =>
  /** @type {Panel} */ ({
    type: 'timeseries',
    title,
    description,
    datasource: PROMETHEUS,
    targets: queries.map(({ expr, legend, exemplars }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: PROMETHEUS,
      expr,
      legendFormat: legend ?? '{{service}} {{network_region}}',
      exemplar: exemplars ?? false,
    })),
    fieldConfig: {
      defaults: {
        unit,
        max,
        min: 0,
        links,
        ...(objective !== undefined && {
          thresholds: {
            mode: /** @type {any} */ ('absolute'),
            steps: [
              { color: 'green', value: /** @type {any} */ (null) },
              { color: 'red', value: objective },
            ],
          },
        }),
        custom: objective !== undefined ? { thresholdsStyle: { mode: 'line' } } : {},
      },
      overrides: [],
    },
  });

/**
 * A table of rows that lead on.
 * @param {string} title
 * @param {string} expr
 * @param {string} unit
 * @param {{ title: string, url: string }[]} links
 */
const table = (title, expr, unit, links) =>
  /** @type {Panel} */ ({
    type: 'table',
    title,
    datasource: PROMETHEUS,
    targets: [{ refId: 'A', datasource: PROMETHEUS, expr, format: 'table', instant: true }],
    fieldConfig: { defaults: { unit, links }, overrides: [] },
  });

/** @param {keyof typeof LOG_QUERIES} title */
const lines = (title) =>
  /** @type {Panel} */ ({
    type: 'logs',
    title,
    datasource: LOKI,
    targets: [{ refId: 'A', datasource: LOKI, expr: logql(LOG_QUERIES[title]) }],
    options: { showTime: true, wrapLogMessage: true },
  });

/** @param {string} name @param {string} label @param {string} series */
const variable = (name, label, series) => ({
  name,
  label,
  type: /** @type {const} */ ('query'),
  datasource: PROMETHEUS,
  multi: true,
  includeAll: true,
  allValue: '.*',
  refresh: 2,
  query: { query: `label_values(${series}, ${name === 'region' ? 'network_region' : name})`, refId: name },
  current: { text: 'All', value: '$__all' },
});
const PLACES = [
  variable('service', 'Service', TRACK_PLAY_ATTEMPTS),
  variable('environment', 'Environment', TRACK_PLAY_ATTEMPTS),
  variable('region', 'Region', TRACK_PLAY_ATTEMPTS),
];

/**
 * @param {string} uid
 * @param {string} title
 * @param {Panel[]} panels
 * @param {object[]} variables
 * @returns {Dashboard}
 */
const board = (uid, title, panels, variables = PLACES) => ({
  uid,
  title,
  tags: ['tonearm'],
  editable: true,
  schemaVersion: 41,
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  templating: { list: /** @type {any} */ (variables) },
  panels: laidOut(panels),
  links: /** @type {any} */ ([
    {
      type: 'dashboards',
      tags: ['tonearm'],
      title: 'Tonearm',
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      icon: '',
      tooltip: '',
      url: '',
      targetBlank: false,
    },
  ]),
});

/** To the next board down. @param {(label: string) => string} of how a panel names a label's value */
const toExperience = (of) => ({
  title: 'Quality of experience, this region',
  url: `/d/tonearm-experience?var-service=${of('service')}&var-environment=${of('environment')}&var-region=${of('network_region')}&\${__url_time_range}`,
});
const ofLine = toExperience((label) => `\${__field.labels.${label}}`);
const ofRow = toExperience((label) => `\${__data.fields.${label}}`);

/** @param {string} of @param {string} by */
const quantiles = (of, by) =>
  ['0.5', '0.95', '0.99'].map((q) => ({
    expr: `histogram_quantile(${q}, sum by (${by}) (rate(${of}[$__rate_interval])))`,
    legend: `p${Number(q) * 100} {{${by.split(', ').at(-1)}}}`,
  }));

/** @type {Dashboard[]} */
export const BOARDS = [
  board('tonearm-golden', 'Tonearm: golden signals', [
    timeline('Start-up: part over one second', [{ expr: `tonearm:start_slow:ratio_rate5m{${HERE}}` }], {
      unit: 'percentunit',
      objective: 0.05,
      links: [ofLine],
      description: 'Of plays that a listener asked for. Objective: 5 %.',
    }),
    timeline('Buffering ratio', [{ expr: `tonearm:buffering:ratio_rate5m{${HERE}}` }], {
      unit: 'percentunit',
      objective: 0.01,
      links: [ofLine],
      description: 'Waiting ÷ (waiting + heard), sums over sums. Objective: 1 %.',
    }),
    timeline('Plays that fail', [{ expr: `tonearm:play_failed:ratio_rate5m{${HERE}}` }], {
      unit: 'percentunit',
      objective: 0.005,
      links: [ofLine],
      description: 'Technical failures of plays that started or failed. Objective: 0.5 %.',
    }),
    timeline("Packets that can't be decoded", [{ expr: `tonearm:decode_failed:ratio_rate5m{${HERE}}` }], {
      unit: 'percentunit',
      objective: 0.001,
      links: [ofLine],
      description: 'Objective: 0.1 %.',
    }),
    timeline('Active sessions', [{ expr: `player_active_sessions_total{${HERE}}` }], {
      description: 'Heartbeats a second × 30: right even when tabs die.',
    }),
    timeline(
      'Plays a second by outcome',
      [
        {
          expr: `sum by (outcome) (rate(${TRACK_PLAY_ATTEMPTS}{${HERE}}[$__rate_interval]))`,
          legend: '{{outcome}}',
        },
      ],
      { unit: 'ops' },
    ),
    timeline('Library hit rate', [{ expr: `tonearm:library_hit:ratio_rate5m{${HERE}}` }], {
      unit: 'percentunit',
      max: 1,
    }),
    timeline('Alerts that fire', [
      { expr: 'sum by (alertname) (ALERTS{alertstate="firing"}) or vector(0)', legend: '{{alertname}}' },
    ]),
  ]),
  board('tonearm-experience', 'Tonearm: quality of experience', [
    timeline(
      'Play latency',
      quantiles(`${TRACK_PLAY_LATENCY}{track_play_trigger="user", late="", ${HERE}}`, 'network_region'),
      { unit: 's', objective: 1 },
    ),
    timeline(
      'Starts of plays that are kept, with their traces',
      [
        {
          expr: `histogram_quantile(0.95, sum by (le, network_region) (rate(track_play_kept_duration_seconds_bucket{${HERE}}[$__rate_interval])))`,
          legend: 'p95 {{network_region}}',
          exemplars: true,
        },
      ],
      {
        unit: 's',
        description:
          'Of what the Collector keeps: errors, slow plays and a part of the rest. For its exemplars, not for objectives.',
      },
    ),
    timeline(
      'Where the time goes',
      [
        {
          expr: `histogram_avg(sum by (phase) (rate(${TRACK_PLAY_PHASE}{late="", ${HERE}}[$__rate_interval])))`,
          legend: '{{phase}}',
        },
      ],
      { unit: 's', description: 'Phases add up to the latency.' },
    ),
    timeline(
      'Waiting a second, by cause',
      [
        {
          expr: `sum by (cause) (rate(${TRACK_BUFFER_TIME}{late="", ${HERE}}[$__rate_interval]))`,
          legend: '{{cause}}',
        },
      ],
      { unit: 's' },
    ),
    table(
      'By region: start-up p95',
      `sort_desc(histogram_quantile(0.95, sum by (service, environment, network_region) (rate(${TRACK_PLAY_LATENCY}{track_play_trigger="user", late="", ${HERE}}[$__range]))))`,
      's',
      [ofRow],
    ),
    table(
      'By CDN node: start-up p95',
      `sort_desc(histogram_quantile(0.95, sum by (service, environment, network_region, cdn_node) (rate(${TRACK_PLAY_LATENCY}{track_play_trigger="user", late="", ${HERE}}[$__range]))))`,
      's',
      [
        {
          title: 'Slow plays of this node',
          url: '/explore?left={"datasource":"jaeger","queries":[{"refId":"A","queryType":"search","service":"${__data.fields.service}","operation":"track.play","tags":"cdn.node=${__data.fields.cdn_node}","minDuration":"1s"}],"range":{"from":"now-1h","to":"now"}}',
        },
      ],
    ),
    timeline('Stalls a minute of listening, by CDN node', [
      {
        expr: `60 * sum by (cdn_node) (rate(${TRACK_STALLS}{late="", ${HERE}}[$__rate_interval])) / on (cdn_node) sum by (cdn_node) (rate(${TRACK_PLAY_TIME}{late="", ${HERE}}[$__rate_interval]))`,
        legend: '{{cdn_node}}',
      },
    ]),
    table(
      'By endpoint: requests p95',
      `sort_desc(histogram_quantile(0.95, sum by (service, http_request_method, server_address, cdn_node, http_response_status_code) (rate(${HTTP_CLIENT_REQUEST_DURATION}{late="", ${HERE}}[$__range]))))`,
      's',
      [
        {
          title: 'Traces of this service',
          url: '/explore?left={"datasource":"jaeger","queries":[{"refId":"A","queryType":"search","service":"${__data.fields.service}","operation":"GET"}],"range":{"from":"now-1h","to":"now"}}',
        },
      ],
    ),
    timeline(
      'Requests for media by status',
      [
        {
          expr: `sum by (http_response_status_code, error_type) (histogram_count(rate(${HTTP_CLIENT_REQUEST_DURATION}{late="", ${HERE}}[$__rate_interval])))`,
          legend: '{{http_response_status_code}} {{error_type}}',
        },
      ],
      { unit: 'reqps' },
    ),
    timeline(
      'Silence a second',
      [
        {
          expr: `sum by (cdn_node) (rate(${AUDIO_BUFFER_UNDERFLOW}{late="", ${HERE}}[$__rate_interval]))`,
          legend: '{{cdn_node}}',
        },
      ],
      { unit: 's' },
    ),
    lines('Plays that failed'),
  ]),
  board(
    'tonearm-play',
    "Tonearm: one play's story",
    [
      {
        type: 'traces',
        title: 'The trace',
        datasource: JAEGER,
        targets: [{ refId: 'A', datasource: JAEGER, query: '$trace' }],
        gridPos: { x: 0, y: 0, w: 24, h: 14 },
      },
      {
        ...lines('Log lines of the play'),
        gridPos: { x: 0, y: 14, w: 24, h: 10 },
      },
      {
        ...timeline(
          'Starts at that time',
          [
            {
              expr: 'histogram_quantile(0.95, sum by (le) (rate(track_play_kept_duration_seconds_bucket[$__rate_interval])))',
              legend: 'p95',
              exemplars: true,
            },
          ],
          { unit: 's' },
        ),
        gridPos: { x: 0, y: 24, w: 24, h: 8 },
      },
    ],
    [{ name: 'trace', label: 'Trace id', type: 'textbox', query: '', current: { text: '', value: '' } }],
  ),
  board(
    'tonearm-itself',
    'Tonearm: health of the telemetry',
    [
      timeline(
        'Records that listeners exported, as totals',
        [
          {
            expr: `sum by (__name__, service) ({__name__=~"otel_sdk_exporter_(span|log|metric_data_point)_exported_total", ${CHOSEN}})`,
            legend: '{{__name__}}',
          },
        ],
        { description: 'With `tellsItself: true`.' },
      ),
      timeline(
        'Records that never arrived',
        [
          {
            expr: `sum by (error_type) (rate(${OTEL_SDK_EXPORTER_SPAN_EXPORTED}{error_type!="", ${CHOSEN}}[$__rate_interval]))`,
            legend: 'spans: {{error_type}}',
          },
        ],
        { description: 'Nothing here is as it should be.' },
      ),
      timeline('Points that came late', [
        {
          expr: `sum(rate(${TRACK_PLAY_ATTEMPTS}{late="true", ${CHOSEN}}[$__rate_interval])) or vector(0)`,
          legend: 'plays reported late',
        },
      ]),
      timeline('Series that overflowed', [
        { expr: 'count({otel_metric_overflow="true"}) or vector(0)', legend: 'series' },
      ]),
      timeline('Collectors: records received a second', [
        {
          expr: 'sum by (job) (rate(otelcol_receiver_accepted_spans[$__rate_interval]))',
          legend: '{{job}} spans',
        },
        {
          expr: 'sum by (job) (rate(otelcol_receiver_accepted_metric_points[$__rate_interval]))',
          legend: '{{job}} points',
        },
        {
          expr: 'sum by (job) (rate(otelcol_receiver_accepted_log_records[$__rate_interval]))',
          legend: '{{job}} log records',
        },
      ]),
      timeline('Collectors: what waits', [
        { expr: 'max by (job, exporter) (otelcol_exporter_queue_size)', legend: '{{job}} {{exporter}}' },
      ]),
      timeline('Collectors: memory', [{ expr: 'otelcol_process_memory_rss', legend: '{{job}}' }], {
        unit: 'bytes',
      }),
      timeline('Collectors: processors', [
        { expr: 'rate(otelcol_process_cpu_seconds[$__rate_interval])', legend: '{{job}}' },
      ]),
      lines('What listeners lost'),
      lines('Cores that ended'),
    ],
    PLACES.slice(0, 2),
  ),
];
