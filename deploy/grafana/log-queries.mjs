// The boards' queries of log lines. LogQL (Loki) and LogsQL (VictoriaLogs) write a stream selector alike, and
// its labels are the same in both stores: service, environment, event. What follows the selector differs.

/** @typedef {{ selector: string, trace?: string }} LogQuery */

/** @param {LogQuery} query */
export const logql = ({ selector, trace }) => `{${selector}}${trace ? ` | trace_id="${trace}"` : ''}`;
/** @param {LogQuery} query */
export const logsql = ({ selector, trace }) => `{${selector}}${trace ? ` trace_id:="${trace}"` : ''}`;

/** By the titles of their panels. @satisfies {Record<string, LogQuery>} */
export const LOG_QUERIES = {
  'Plays that failed': {
    selector: 'service=~"$service", environment=~"$environment", event="track.play_failed"',
  },
  'Log lines of the play': { selector: 'service=~".+"', trace: '$trace' },
  'What listeners lost': { selector: 'service=~"$service", event="telemetry.dropped"' },
  'Cores that ended': { selector: 'service=~"$service", event="sdk.panicked"' },
};
