// The shipped configuration of Alertmanager in the real one, with a webhook: routes, grouping, inhibition,
// mute windows. That a notification is not sent is shown by a later alert of the same route whose
// notification is.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programOf, until } from '../../deploy/chain.mjs';
import { TIME_INTERVALS } from '../../deploy/alertmanager/config.mjs';
import { startAlertmanager, startWebhook } from './webhook.mjs';

const SHIPPED = fileURLToPath(new URL('../../deploy/alertmanager/alertmanager.yml', import.meta.url));
/** A page waits 0.1 s, its group's interval is a second; a ticket and a notice wait a second. */
const SCALE = 300;
/**
 * A mute window that contains now, and one that does not: all days but yesterday, today and tomorrow are far
 * enough from midnight.
 */
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const today = new Date().getUTCDay();
const near = [6, 7, 8].map((offset) => DAYS[(today + offset) % 7]);
const always = [{ weekdays: near, location: 'UTC' }];
const never = [{ weekdays: DAYS.filter((day) => !near.includes(day)), location: 'UTC' }];

const folder = mkdtempSync(`${tmpdir()}/tonearm-alertmanager-`);
/** @type {Awaited<ReturnType<typeof startWebhook>>} */
let webhook;
/** @type {Awaited<ReturnType<typeof startAlertmanager>>} */
let running;

before(async () => {
  webhook = await startWebhook(`${folder}/webhooks`);
  running = await startAlertmanager(`${folder}/not-muted`, {
    scale: SCALE,
    webhooks: `${folder}/webhooks`,
    timeIntervals: { nights: never, weekends: never, maintenance: never },
  });
});
after(async () => {
  await running?.stop();
  webhook?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @param {string[]} args */
const amtool = (...args) => spawnSync(programOf('amtool'), args, { encoding: 'utf8' });
/**
 * @param {string} service @param {string} alertname @param {string} severity @param {Record<string, string>}
 * [more]
 */
const alert = (service, alertname, severity, more = {}) => ({
  labels: { alertname, severity, service, environment: 'production', ...more },
});
/** Waits for a notification of this service's alerts. @param {string} service @param {string} [status] */
const notified = (service, status = 'firing') =>
  until(
    async () => webhook.of('service', service).some((one) => one.status === status),
    `a notification of ${service}, ${status}`,
    20,
  );
/**
 * Waits until Alertmanager has an alert in this state. @param {typeof running} server @param {string} service
 * @param {string} severity @param {string} state
 */
const inState = (server, service, severity, state) =>
  until(
    async () =>
      (await server.alerts(service)).find(
        ({ labels, status }) => labels.severity === severity && status.state === state,
      ),
    `${service}, ${severity}: ${state}`,
    20,
  );

/** A page of this service, until it is notified and over. @param {string} service */
async function fireAndResolve(service) {
  const startsAt = new Date(Date.now() - 1000).toISOString();
  const page = { ...alert(service, 'PlayFailures', 'page'), startsAt };
  await running.post(page);
  await notified(service);
  await running.post({ ...page, endsAt: new Date().toISOString() });
  await notified(service, 'resolved');
}

test('amtool finds no fault, and each severity has its route', () => {
  const { status, stdout, stderr } = amtool('check-config', SHIPPED);
  assert.equal(status, 0, stdout + stderr);
  for (const [labels, receiver] of [
    [['severity=page'], 'page'],
    [['severity=ticket'], 'ticket'],
    [['severity=notice'], 'notice'],
    [['severity=unknown'], 'ticket'],
    [[], 'ticket'],
  ]) {
    const route = amtool(
      'config',
      'routes',
      'test',
      `--config.file=${SHIPPED}`,
      `--verify.receivers=${receiver}`,
      'alertname=Any',
      ...labels,
    );
    assert.equal(route.status, 0, `${labels}: ${route.stdout}${route.stderr}`);
  }
});

test('the maintenance window that ships is an example in the past: it mutes nothing', () => {
  for (const { years, months, days_of_month } of TIME_INTERVALS.maintenance)
    assert.ok(
      Date.parse(`${days_of_month} ${months} ${years}`) < Date.now(),
      `${days_of_month} ${months} ${years}`,
    );
});

test('one cause in three regions is one notification with three alerts', async () => {
  await running.post(
    ...['eu', 'us', 'asia'].map((network_region) =>
      alert('grouped', 'PlayFailures', 'page', { network_region }),
    ),
  );
  await notified('grouped');
  // A group of its own, later, from its first notification to its last: longer than the interval of the first
  // group.
  await fireAndResolve('grouped-marker');
  const sent = webhook.of('service', 'grouped');
  assert.equal(sent.length, 1);
  assert.equal(sent[0].receiver, 'page');
  assert.deepEqual(sent[0].alerts.map(({ labels }) => labels.network_region).sort(), ['asia', 'eu', 'us']);
});

test("a page inhibits its service's tickets and notices; another service's are sent", async () => {
  await running.post(alert('inhibited', 'PlayFailures', 'page', { network_region: 'eu' }));
  await inState(running, 'inhibited', 'page', 'active');
  await running.post(
    alert('inhibited', 'StartsSlow', 'ticket', { network_region: 'us' }),
    alert('inhibited', 'Own', 'notice'),
  );
  await inState(running, 'inhibited', 'ticket', 'suppressed');
  await inState(running, 'inhibited', 'notice', 'suppressed');
  await running.post(
    alert('inhibited-marker', 'StartsSlow', 'ticket'),
    alert('inhibited-marker-notice', 'Own', 'notice'),
  );
  await notified('inhibited-marker');
  await notified('inhibited-marker-notice');
  assert.deepEqual(
    webhook.of('service', 'inhibited').map(({ receiver }) => receiver),
    ['page'],
  );
});

test('a Collector that is down inhibits what follows from it, a stuck backend the refusals of that Collector', async () => {
  const chain = (/** @type {string} */ alertname, /** @type {string} */ severity, more = {}) => ({
    labels: { alertname, severity, job: 'tonearm-ingest', instance: 'i1', ...more },
  });
  const names = () => webhook.notifications.map(({ alerts: [{ labels }] }) => labels.alertname);
  const has = (/** @type {string} */ alertname) =>
    until(async () => names().includes(alertname), `a notification of ${alertname}`, 20);
  await running.post(chain('BackendUnreachable', 'page', { exporter: 'otlp_http' }));
  await has('BackendUnreachable');
  await running.post(chain('TelemetryRefused', 'ticket'));
  await running.post(chain('TicketMarker', 'ticket'));
  await has('TicketMarker');
  assert.ok(!names().includes('TelemetryRefused'));
  // Of another Collector nothing explains it.
  await running.post(chain('TelemetryRefused', 'ticket', { instance: 'i2' }));
  await has('TelemetryRefused');

  await running.post(chain('CollectorDown', 'page', { job: 'tonearm-processing', instance: 'p1' }));
  await has('CollectorDown');
  await running.post(alert('radio', 'ListenersSilent', 'page'));
  await inState(running, 'radio', 'page', 'suppressed');
  await running.post(
    chain('BackendUnreachable', 'page', { instance: 'i2', exporter: 'otlp_http/traces' }),
    alert('radio-marker', 'PageMarker', 'page'),
  );
  await has('PageMarker');
  assert.ok(!names().includes('ListenersSilent'));
  assert.equal(names().filter((name) => name === 'BackendUnreachable').length, 1);
});

test('in a mute window a notice is not sent and a page is; outside of it the notice is', async () => {
  await running.post(alert('awake', 'Own', 'notice'));
  await notified('awake');

  const muted = await startAlertmanager(`${folder}/muted`, {
    scale: SCALE,
    webhooks: `${folder}/webhooks`,
    timeIntervals: { nights: always, weekends: never, maintenance: never },
  });
  try {
    await muted.post(alert('asleep', 'Own', 'notice'));
    // Tickets wait as long as notices: by the notification of a later one, the notice's group has been
    // processed.
    await muted.post(alert('asleep-ticket', 'Own', 'ticket'));
    await muted.post(alert('asleep-page', 'Own', 'page'));
    await notified('asleep-page');
    await notified('asleep-ticket');
    const groups = await until(async () => {
      const found = await (await fetch(`${muted.url}/api/v2/alerts/groups?receiver=notice`)).json();
      return found[0]?.alerts[0].status.mutedBy?.length > 0 && found;
    }, 'the notice is muted');
    assert.deepEqual(groups[0].alerts[0].status.mutedBy, ['nights']);
    assert.deepEqual(webhook.of('service', 'asleep'), []);
  } finally {
    await muted.stop();
  }

  const maintenance = await startAlertmanager(`${folder}/maintenance`, {
    scale: SCALE,
    webhooks: `${folder}/webhooks`,
    timeIntervals: { nights: never, weekends: never, maintenance: always },
  });
  try {
    // A service each: a page would inhibit the others.
    const severities = ['page', 'ticket', 'notice'];
    await maintenance.post(...severities.map((severity) => alert(`maintained-${severity}`, 'Own', severity)));
    // Only an alert that no severity's route takes is not muted.
    await maintenance.post(alert('maintained-marker', 'Own', 'none'));
    await notified('maintained-marker');
    for (const severity of severities) assert.deepEqual(webhook.of('service', `maintained-${severity}`), []);
  } finally {
    await maintenance.stop();
  }
});

test('an alert that is over is notified as resolved, once', async () => {
  await fireAndResolve('over');
  await fireAndResolve('over-marker');
  const sent = webhook.of('service', 'over');
  assert.deepEqual(
    sent.map(({ status }) => status),
    ['firing', 'resolved'],
  );
});
