import type { Report, Answer } from './report.ts';
import { visibleText } from './sanitize.ts';

/** Exit codes of monitoring plugins; anything that kept the plugin from looking is 3. */
export const NAGIOS_UNKNOWN = 3;

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
const STATE_OF: Readonly<Record<Answer['severity'], 0 | 1 | 2 | 3>> = {
  ok: 0,
  skipped: 0,
  warning: 1,
  critical: 2,
  unknown: NAGIOS_UNKNOWN,
};

/** Critical before warning before unknown before ok: what somebody has to get up for comes first. */
export function nagiosStatus(answers: readonly Answer[]): 0 | 1 | 2 | 3 {
  const states = new Set(answers.map(({ severity }) => STATE_OF[severity]));
  return ([2, 1, 3] as const).find((state) => states.has(state)) ?? 0;
}

const MOST_NAMED = 3;

/**
 * One line as Nagios, Icinga and their kind read it: `ORDERSYNC_CHECK WARNING: 2 of 40: sec.x: …; conf.y: … | critical=0;;1 …`.
 * A bar would begin the performance data, so there is none in the text.
 */
export function* renderNagios({ command, answers = [] }: Report): Generator<string> {
  const status = nagiosStatus(answers);
  const label = `ORDERSYNC_${command.toUpperCase().replaceAll(/[^A-Z]+/g, '_')}`;
  const worst = answers.filter(({ severity }) => STATE_OF[severity] === status);
  const named = worst.slice(0, MOST_NAMED).map(({ id, message }) => `${id}: ${message}`);
  const more = worst.length > MOST_NAMED ? [`${worst.length - MOST_NAMED} more`] : [];
  const text =
    status === 0
      ? `${answers.length} looked at`
      : `${worst.length} of ${answers.length}: ${[...named, ...more].join('; ')}`;
  const figures = (['critical', 'warning', 'unknown', 'skipped', 'ok'] as const).map(
    (severity) =>
      `${severity}=${answers.filter((answer) => answer.severity === severity).length};;;0;${answers.length}`,
  );
  yield `${label} ${STATES[status]}: ${oneLine(text)} | ${figures.join(' ')}\n`;
}

/** For when nothing could be looked at. */
export function nagiosFailure(message: string): string {
  return `ORDERSYNC UNKNOWN: ${oneLine(message)}\n`;
}

function oneLine(text: string): string {
  return visibleText(text).replaceAll(/\s+/g, ' ').replaceAll('|', '/');
}
