// Alertmanager's configuration, as data: `deploy/generate.mjs` writes it to alertmanager.yml. Times are
// divided by `scale`, as those of the rules are: 1 is what ships.

import { duration } from '../prometheus/rules.mjs';

/** @typedef {import('../prometheus/rules.mjs').Severity} Severity */
/**
 * @typedef {{ times?: { start_time: string, end_time: string }[], weekdays?: string[], days_of_month?:
 * string[], months?: string[], years?: string[], location?: string }} TimeInterval
 */

/**
 * How each severity is notified, in seconds: `wait` gathers alerts of one cause before the first
 * notification, `interval` passes before a group is notified again of what has changed in it, `repeat` before
 * it is notified again of what has not. `mute` names the intervals in which nothing is notified; what still
 * fires when one ends is notified then.
 * @type {Record<Severity, { wait: number, interval: number, repeat: number, mute: string[] }>}
 */
export const SEVERITIES = {
  page: { wait: 30, interval: 300, repeat: 4 * 3600, mute: ['maintenance'] },
  ticket: { wait: 300, interval: 1800, repeat: 24 * 3600, mute: ['maintenance'] },
  notice: { wait: 300, interval: 3600, repeat: 72 * 3600, mute: ['nights', 'weekends', 'maintenance'] },
};

/** Yours to edit, with your time zone. Alertmanager takes no interval that passes midnight: a night is two.
 *  @type {Record<string, TimeInterval[]>} */
export const TIME_INTERVALS = {
  nights: [
    {
      times: [
        { start_time: '00:00', end_time: '07:00' },
        { start_time: '20:00', end_time: '24:00' },
      ],
      location: 'UTC',
    },
  ],
  weekends: [{ weekdays: ['saturday', 'sunday'], location: 'UTC' }],
  // An example of a planned window, in the past: it mutes nothing. All severities, pages too, are muted in
  // it.
  maintenance: [
    {
      times: [{ start_time: '02:00', end_time: '04:00' }],
      days_of_month: ['10'],
      months: ['january'],
      years: ['2026'],
      location: 'UTC',
    },
  ],
};

/**
 * What one alert's notification makes unnecessary. What the rules themselves exclude (`unless`) is not
 * repeated, but for the chain's: of two Prometheus servers that evaluate the same rules, one sees a
 * Collector's failure some seconds before the other.
 */
export const INHIBIT_RULES = [
  {
    // A page has the on-call engineer look at this service already. What is less urgent is notified when the
    // page is over, if it still fires. Alerts without a service (of the chain) are in the rules below: equal
    // labels include those that both lack.
    source_matchers: ['severity="page"', 'service=~".+"'],
    target_matchers: ['severity=~"ticket|notice"'],
    equal: ['service', 'environment'],
  },
  {
    // While a Collector is down, the other one's queue fills, records are refused, and no heartbeat arrives.
    // `up` has no label of a service or an environment: one Alertmanager serves one chain.
    source_matchers: ['alertname="CollectorDown"'],
    target_matchers: ['alertname=~"BackendUnreachable|TelemetryRefused|ListenersSilent"'],
    equal: [],
  },
  {
    // A Collector that cannot send refuses records once its queue is full.
    source_matchers: ['alertname="BackendUnreachable"'],
    target_matchers: ['alertname="TelemetryRefused"'],
    equal: ['job', 'instance'],
  },
];

/**
 * @param {{ scale?: number, webhooks?: string, timeIntervals?: Record<string, TimeInterval[]> }} [options]
 * `webhooks` is the folder of the files page, ticket and notice, each with one URL; Alertmanager expands no
 * environment variables
 */
export function alertmanager({
  scale = 1,
  webhooks = '/etc/alertmanager/webhooks',
  timeIntervals = TIME_INTERVALS,
} = {}) {
  const time = (/** @type {number} */ seconds) => duration(seconds / scale);
  return {
    route: {
      // An alert of no known severity, a rule of your own: it is not lost.
      receiver: 'ticket',
      // One cause is one notification: an objective of many regions, a backend that several Collectors cannot
      // reach.
      group_by: ['alertname', 'service', 'environment', 'exporter'],
      group_wait: time(SEVERITIES.ticket.wait),
      group_interval: time(SEVERITIES.ticket.interval),
      repeat_interval: time(SEVERITIES.ticket.repeat),
      routes: Object.entries(SEVERITIES).map(([severity, { wait, interval, repeat, mute }]) => ({
        matchers: [`severity="${severity}"`],
        receiver: severity,
        group_wait: time(wait),
        group_interval: time(interval),
        repeat_interval: time(repeat),
        mute_time_intervals: mute,
      })),
    },
    receivers: Object.keys(SEVERITIES).map((severity) => ({
      name: severity,
      webhook_configs: [{ url_file: `${webhooks}/${severity}`, send_resolved: true }],
    })),
    inhibit_rules: INHIBIT_RULES,
    time_intervals: Object.entries(timeIntervals).map(([name, time_intervals]) => ({ name, time_intervals })),
  };
}
