import type { Baseline } from '../../domain/checks/baseline.ts';
import { changeOf } from '../../domain/checks/baseline.ts';
import type { Check, CheckResult, Severity } from '../../domain/checks/check.ts';
import { SEVERITIES } from '../../domain/checks/check.ts';
import type { Report, Answer } from '../../output/report.ts';

export function listReport(checks: readonly Check[]): Report {
  return {
    command: 'check',
    columns: [
      { name: 'id' },
      { name: 'title' },
      { name: 'box' },
      { name: 'profiles' },
      { name: 'expected', wide: true },
      { name: 'why', wide: true },
    ],
    rows: checks.map(({ id, title, box, profiles, expected, why }) => ({ id, title, box, profiles, expected, why })),
    notes: [`${checks.length} checks`],
  };
}

const MOST_FIXES = 10;

export type FailOn = 'warning' | 'critical' | 'never';

interface Outcome {
  readonly results: readonly CheckResult[];
  readonly baseline: Baseline | undefined;
}

/** Worst first. */
export function resultsReport({ results, baseline }: Outcome, failOn: FailOn): Report {
  const sorted = results.toSorted(
    (left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity),
  );
  const failing: Readonly<Record<FailOn, readonly Severity[]>> = {
    warning: ['critical', 'warning'],
    critical: ['critical'],
    never: [],
  };
  return {
    command: 'check',
    columns: [
      { name: 'severity', type: 'state' },
      ...(baseline === undefined ? [] : [{ name: 'change', type: 'state' } as const]),
      { name: 'id' },
      { name: 'observed' },
      { name: 'fix' },
      { name: 'title', wide: true },
      { name: 'area', wide: true },
      { name: 'box', wide: true },
      { name: 'expected', wide: true },
      { name: 'evidence', wide: true },
      { name: 'why', wide: true },
      { name: 'fix_kind', wide: true },
      { name: 'duration_ms', type: 'ms', wide: true },
    ],
    rows: sorted.map((result) => ({
      ...rowOf(result),
      ...(baseline === undefined ? {} : { change: changeOf(result, baseline) }),
    })),
    outcome: results.some(({ severity }) => failing[failOn].includes(severity)) ? 'unhealthy' : 'ok',
    answers: sorted.map(answerOf),
    notes: [...fixNotes(sorted), summaryOf(results)],
  };
}

function rowOf({ check, severity, observed, evidence, fixes, durationMs }: CheckResult): Report['rows'][number] {
  const { id, title, box, expected, why } = check;
  return {
    severity,
    id,
    title,
    area: id.split('.')[0],
    box,
    observed,
    expected,
    evidence,
    why,
    fix: fixes.map(({ text }) => text),
    fix_kind: fixes.map(({ kind }) => kind),
    duration_ms: durationMs,
  };
}

function answerOf({ check, severity, observed, fixes, durationMs }: CheckResult): Answer {
  return {
    id: check.id,
    title: check.title,
    group: check.id.split('.')[0] ?? '',
    severity,
    message: observed,
    details: [
      `expected: ${check.expected}`,
      `why: ${check.why}`,
      ...fixes.map(({ kind, text }) => `fix (${kind}): ${text}`),
    ],
    durationMs,
  };
}

/** A table cuts long cells: what is to be done stands below it, whole. */
function fixNotes(results: readonly CheckResult[]): string[] {
  const bad = results.filter(({ severity, fixes }) => ['critical', 'warning'].includes(severity) && fixes.length > 0);
  const told = bad
    .slice(0, MOST_FIXES)
    .map(({ check, fixes }) => `${check.id}: ${fixes.map(({ text }) => text).join('; ')}`);
  const more = bad.length - told.length;
  return more > 0 ? [...told, `fixes of ${more} more: --verbose, or --format json`] : told;
}

function summaryOf(results: readonly CheckResult[]): string {
  const counts = SEVERITIES.map((severity) => ({
    severity,
    count: results.filter((result) => result.severity === severity).length,
  }));
  const told = counts.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severity}`);
  return `${results.length} checks: ${told.join(', ')}`;
}
