import type { Terminal } from './terminal.ts';

type Paint = (text: string) => string;

/** Emphasis. It never carries meaning alone: a severity is always a word or a symbol too. */
export interface Style {
  readonly ok: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  readonly heading: Paint;
}

export type Severity = 'ok' | 'warn' | 'bad';

const identity: Paint = (text) => text;

/** Leaves every text as it is. */
export const plainStyle: Style = {
  ok: identity,
  warn: identity,
  bad: identity,
  dim: identity,
  bold: identity,
  heading: identity,
};

/** The style of a terminal. chalk is loaded only when there is colour to draw. */
export async function styleOf(terminal: Pick<Terminal, 'color'>): Promise<Style> {
  if (!terminal.color) return plainStyle;
  const { paintedStyle } = await import('./paint.ts');
  return paintedStyle();
}

const SEVERITIES: Readonly<Record<Severity, readonly string[]>> = {
  ok: ['ok', 'pass', 'passed', 'applied', 'active', 'healthy', 'valid', 'verified', 'done', 'attached'],
  warn: ['warn', 'warning', 'pending', 'rotating', 'skipped', 'unknown', 'stale', 'partial', 'interrupted'],
  bad: ['bad', 'fail', 'failed', 'critical', 'error', 'changed', 'missing', 'invalid', 'expired', 'unhealthy', 'lost'],
};

/** The severity a state word stands for, or undefined for a word without one. Case does not matter. */
export function severityOf(word: string): Severity | undefined {
  const lower = word.toLowerCase();
  const entries: readonly Severity[] = ['ok', 'warn', 'bad'];
  return entries.find((severity) => SEVERITIES[severity].includes(lower));
}
