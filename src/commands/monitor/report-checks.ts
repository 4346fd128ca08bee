import type { CheckResult } from '../../domain/checks/check.ts';
import { SEVERITIES, worstOf } from '../../domain/checks/check.ts';
import type { PageSection, Row, SectionVerdict } from '../../output/report.ts';

const AREAS: Readonly<Record<string, string>> = {
  sec: 'security',
  perf: 'performance',
  data: 'data',
  mon: 'monitoring',
  conf: 'configuration',
  ops: 'operations',
};
/** The whole of a long list is what `ordersync check --only …` is for. */
const MOST_EVIDENCE = 10;

/** One section for each area, the worst checks first. */
export function checkSections(results: readonly CheckResult[]): readonly PageSection[] {
  const areas = new Map<string, CheckResult[]>();
  for (const result of results) {
    const area = result.check.id.split('.')[0] ?? '';
    areas.set(area, [...(areas.get(area) ?? []), result]);
  }
  return [...areas].map(([area, own]) => sectionOf(area, own));
}

function sectionOf(area: string, results: readonly CheckResult[]): PageSection {
  const sorted = results.toSorted(
    (left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity),
  );
  const findings = sorted.flatMap(verdictOf);
  const worst = worstOf(findings.map(({ verdict }) => verdict));
  return {
    name: area,
    title: AREAS[area] ?? area,
    columns: [
      { name: 'verdict', type: 'state' },
      { name: 'check' },
      { name: 'title' },
      { name: 'observed' },
      { name: 'reason' },
      { name: 'fix', wide: true },
    ],
    rows: sorted.map(rowOf),
    verdict: worst === 'skipped' ? undefined : { section: area, verdict: worst, reason: null, fix: null },
    findings,
    empty: undefined,
    losses: [],
    chart: undefined,
  };
}

/** None for what a waiver has set aside: it is neither good nor bad. */
function verdictOf({ check, severity, observed, fixes }: CheckResult): SectionVerdict[] {
  if (severity === 'skipped') return [];
  return [{ section: check.id, verdict: severity, reason: observed, fix: fixText(fixes) }];
}

function rowOf({ check, severity, observed, evidence, fixes }: CheckResult): Row {
  const more = evidence.length - MOST_EVIDENCE;
  const shown = [...evidence.slice(0, MOST_EVIDENCE), ...(more > 0 ? [`and ${more} more`] : [])];
  return {
    verdict: severity,
    check: check.id,
    title: check.title,
    observed,
    reason: [...(evidence.length > 1 ? shown : []), `expected: ${check.expected}`].join('; '),
    fix: fixText(fixes),
  };
}

function fixText(fixes: CheckResult['fixes']): string | null {
  return fixes.length === 0 ? null : fixes.map(({ text }) => text).join('; ');
}
