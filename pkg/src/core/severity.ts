// How grave a log record is (`SeverityNumber`), from what an app calls it. Knows no record.

import { safeString } from '../host/webidl.js';

/** `SeverityNumber`. */
export const SEVERITIES = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

/** What other loggers (syslog, Python, the console) call a severity, by how it begins. */
const ALIASES: [RegExp, number][] = [
  [/^(silly|finest|all)/, 1],
  [/^(verb|fine)/, 5],
  [/^notice/, 10],
  [/^warn/, 13],
  [/^(err|severe)/, 17],
  [/^(crit|alert|emerg|panic|fatal)/, 21],
];

/** The `SeverityNumber` of what an app calls a severity: of what is unknown that of `info`. */
export function severityOf(given: unknown) {
  if (given === undefined) return SEVERITIES.info;
  if (typeof given === 'string' && Object.hasOwn(SEVERITIES, given))
    return SEVERITIES[given as keyof typeof SEVERITIES];
  if (typeof given === 'number' && given >= 1 && given <= 24) return Math.trunc(given);
  const name = safeString(given).toLowerCase();
  if (Object.hasOwn(SEVERITIES, name)) return SEVERITIES[name as keyof typeof SEVERITIES];
  return ALIASES.find(([alias]) => alias.test(name))?.[1] ?? SEVERITIES.info;
}
