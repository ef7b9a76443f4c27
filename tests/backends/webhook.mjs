// A webhook receiver that records what Alertmanager sends, and Alertmanager with the shipped configuration.

import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stringify } from 'yaml';
import { alertmanager, SEVERITIES } from '../../deploy/alertmanager/config.mjs';
import { freePorts } from '../../deploy/chain/network.mjs';
import { processes } from '../../deploy/chain/processes.mjs';
import { alertmanager as alertmanagerProgram } from '../../deploy/chain/programs.mjs';

/**
 * @typedef {{ labels: Record<string, string>, annotations?: Record<string, string>, status: 'firing' |
 * 'resolved', startsAt: string, endsAt: string }} Alert
 */
/**
 * @typedef {{ receiver: string, status: 'firing' | 'resolved', alerts: Alert[], groupLabels: Record<string,
 * string> }} Notification
 */

/**
 * Starts a receiver, and writes its URLs to the files that the configuration reads: `folder`/page, ticket,
 * notice.
 * @param {string} folder
 */
export async function startWebhook(folder) {
  /** @type {Notification[]} */
  const notifications = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      notifications.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  mkdirSync(folder, { recursive: true });
  // With the line feed that an editor leaves.
  for (const severity of Object.keys(SEVERITIES))
    writeFileSync(`${folder}/${severity}`, `http://127.0.0.1:${port}/${severity}\n`);
  return {
    notifications,
    /** Notifications of alerts that have this label. @param {string} label @param {string} value */
    of: (label, value) =>
      notifications.filter(({ alerts }) => alerts.some(({ labels }) => labels[label] === value)),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Starts Alertmanager with the shipped configuration, its times divided by `scale`.
 * @param {string} folder
 * @param {Parameters<typeof alertmanager>[0]} options
 */
export async function startAlertmanager(folder, options) {
  mkdirSync(folder, { recursive: true });
  const config = `${folder}/alertmanager.yml`;
  writeFileSync(config, stringify(alertmanager(options)));
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const program = alertmanagerProgram(
    () => `127.0.0.1:${port}`,
    () => url,
    folder,
    config,
  );
  const { startAll, stopAll } = processes([program], folder, {});
  await startAll();
  return {
    url,
    /** @param {{ labels: Record<string, string>, startsAt?: string, endsAt?: string }[]} alerts */
    async post(...alerts) {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      });
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    },
    /** Alerts as Alertmanager has them, with their state. @param {string} service */
    async alerts(service) {
      const response = await fetch(
        `${url}/api/v2/alerts?filter=${encodeURIComponent(`service="${service}"`)}`,
      );
      return /** @type {any[]} */ (await response.json());
    },
    stop: stopAll,
  };
}
