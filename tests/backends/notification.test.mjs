// From a fault to its notification: the real chain with Alertmanager and a webhook, rules and notifications
// sixty times as fast as they ship.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { alertmanager } from '../../deploy/alertmanager/config.mjs';
import { startChain, until } from '../../deploy/chain.mjs';
import { ruleGroups } from '../../deploy/prometheus/rules.mjs';
import { startLoad } from './load.mjs';
import { startWebhook } from './webhook.mjs';

const SCALE = 60;
const folder = mkdtempSync(`${tmpdir()}/tonearm-notification-`);
/** @type {Awaited<ReturnType<typeof startWebhook>>} */
let webhook;
/** @type {Awaited<ReturnType<typeof startChain>>} */
let chain;
/** @type {ReturnType<typeof startLoad>} */
let load;

before(
  async () => {
    webhook = await startWebhook(`${folder}/webhooks`);
    const config = `${folder}/alertmanager.yml`;
    writeFileSync(config, stringify(alertmanager({ scale: SCALE, webhooks: `${folder}/webhooks` })));
    chain = await startChain(folder, { scale: SCALE, alertmanager: { config } });
    // So that queues fill and heartbeats end when a Collector does.
    load = startLoad(chain, folder, { listeners: 20, seconds: 86_400, seed: 4, 'metric-interval': 1000 });
    load.done.catch(() => {});
  },
  { timeout: 120_000 },
);
after(async () => {
  load?.stop();
  await chain?.stopAll();
  webhook?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Sends an alert to Alertmanager itself, waits for its notification, and for that of its end. @param {string}
 * service
 */
async function fireAndResolve(service) {
  const labels = { alertname: 'Marker', severity: 'page', service, environment: 'test' };
  const startsAt = new Date().toISOString();
  const post = async (/** @type {string} */ status, /** @type {object} */ more) => {
    const body = JSON.stringify([{ labels, startsAt, ...more }]);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${chain.alertmanager}/api/v2/alerts`, { method: 'POST', headers, body });
    assert.equal(response.status, 200);
    await until(
      async () => webhook.of('service', service).some((one) => one.status === status),
      `${service}: ${status}`,
      30,
    );
  };
  await post('firing', {});
  await post('resolved', { endsAt: startsAt });
}

test('a killed Collector is one notification, and one when it is back', { timeout: 120_000 }, async () => {
  // Prometheus runs before the Collectors do. What that caused is over when no alert is left, and
  // Alertmanager has notified it.
  await until(
    async () => {
      const { data } = await (await fetch(`${chain.prometheus}/api/v1/alerts`)).json();
      const targets = await chain.query('count(up == 1)');
      return data.alerts.length === 0 && targets[0]?.value?.[1] === '3';
    },
    'no alert',
    30,
  );
  await fireAndResolve('before');
  const earlier = webhook.notifications.length;
  const since = () => webhook.notifications.slice(earlier);
  const down = (/** @type {string} */ status) =>
    since().filter((one) => one.groupLabels.alertname === 'CollectorDown' && one.status === status);

  const killed = Date.now();
  await chain.stop('processing', 'SIGKILL');
  await until(async () => down('firing').length > 0, 'the notification of CollectorDown', 30);
  const notifiedAfter = Date.now() - killed;
  const [{ receiver, alerts }] = down('firing');
  assert.equal(receiver, 'page');
  assert.deepEqual(
    alerts.map(({ labels }) => [labels.alertname, labels.job, labels.severity]),
    [['CollectorDown', 'tonearm-processing', 'page']],
  );
  assert.match(alerts[0].annotations?.summary ?? '', /does not answer/);
  // Longer than its group's interval, and than what follows from it takes to fire (BackendUnreachable,
  // ListenersSilent).
  await fireAndResolve('during');

  const returned = Date.now();
  await chain.start('processing');
  await until(async () => down('resolved').length > 0, 'the notification that it is over', 30);
  const resolvedAfter = Date.now() - returned;
  await fireAndResolve('afterwards');
  assert.deepEqual(
    since().map(({ status, groupLabels, alerts: [{ labels }] }) =>
      groupLabels.alertname === 'Marker'
        ? `${labels.service} ${status}`
        : `${groupLabels.alertname} ${status}`,
    ),
    [
      'CollectorDown firing',
      'during firing',
      'during resolved',
      'CollectorDown resolved',
      'afterwards firing',
      'afterwards resolved',
    ],
  );
  console.log(
    `notified ${notifiedAfter / 1000} s after the kill, resolved ${resolvedAfter / 1000} s after the start`,
  );
});

test('the query of an alert leads to its lines in VictoriaLogs', { timeout: 60_000 }, async () => {
  const attribute = (/** @type {string} */ key, /** @type {string} */ stringValue) => ({
    key,
    value: { stringValue },
  });
  const traceId = 'a'.repeat(32);
  const record = (/** @type {string} */ eventName, /** @type {string} */ traceId) => ({
    timeUnixNano: String(Date.now() * 1e6),
    severityNumber: 13,
    eventName,
    traceId,
    spanId: 'b'.repeat(16),
  });
  const resourceLogs = ['production', 'staging'].map((environment) => ({
    resource: {
      attributes: [attribute('service.name', 'lines'), attribute('deployment.environment.name', environment)],
    },
    scopeLogs: [
      {
        logRecords: [
          record('audio.decode_failed', environment === 'production' ? traceId : 'c'.repeat(32)),
          record('track.ended', traceId),
        ],
      },
    ],
  }));
  const response = await fetch(`${chain.endpoint}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${chain.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs }),
  });
  assert.equal(response.status, 200);
  const [rule] = ruleGroups().flatMap(({ rules }) =>
    rules.flatMap((rule) => ('alert' in rule && rule.alert === 'DecodeFailures' ? [rule] : [])),
  );
  const query = rule.annotations.lines
    ?.replace('{{ $labels.service }}', 'lines')
    .replace('{{ $labels.environment }}', 'production');
  assert.ok(query);
  await until(async () => (await chain.lines('{service="lines"}')).length === 4, 'all four lines', 30);
  const found = await chain.lines(query);
  assert.deepEqual(
    found.map(({ trace_id, event, environment }) => ({ trace_id, event, environment })),
    [{ trace_id: traceId, event: 'audio.decode_failed', environment: 'production' }],
  );
});
