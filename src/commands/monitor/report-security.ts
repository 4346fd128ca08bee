import type { AnyCommand } from '../../cli/command.ts';
import type { SecurityFinding, SecurityReport } from '../../domain/security/finding.ts';
import { stateFinding } from '../../domain/security/finding.ts';
import type { PageSection, SectionVerdict } from '../../output/report.ts';

const FROM_WORST = ['critical', 'warning', 'unknown', 'ok'] as const;
const MOST_ROWS = 50;

/** What one verb of security found. */
export function securitySection({ name, summary }: AnyCommand, { findings, warnings }: SecurityReport): PageSection {
  const sorted = findings.toSorted((left, right) => rank(left) - rank(right));
  const command = `ordersync security ${name}`;
  const judged = [
    ...sorted,
    // What was left out may be the very attack that was looked for.
    ...warnings.map((detail) => stateFinding('warning', name, 'not covered', detail)),
  ].toSorted((left, right) => rank(left) - rank(right));
  const more = sorted.length - MOST_ROWS;
  return {
    name,
    title: summary,
    columns: [
      { name: 'verdict', type: 'state' },
      { name: 'finding' },
      { name: 'subject' },
      { name: 'count', type: 'integer' },
      { name: 'detail' },
      { name: 'last_at', type: 'time' },
    ],
    rows: sorted.slice(0, MOST_ROWS).map(({ severity, finding, subject, count, detail, lastAt }) => ({
      verdict: severity,
      finding,
      subject,
      count,
      detail,
      last_at: lastAt,
    })),
    verdict: { section: name, verdict: judged[0]?.severity ?? 'ok', reason: null, fix: null },
    findings: verdictsOf(judged, command),
    empty: 'nothing found',
    losses: [...warnings, ...(more > 0 ? [`${more} findings more: ${command}`] : [])],
    chart: undefined,
  };
}

function rank({ severity }: SecurityFinding): number {
  return FROM_WORST.indexOf(severity);
}

/** One for each kind of finding: an attack on a thousand accounts is one thing to do. */
function verdictsOf(sorted: readonly SecurityFinding[], command: string): readonly SectionVerdict[] {
  const kinds = new Map<string, SecurityFinding[]>();
  for (const found of sorted) {
    const key = `${found.severity} ${found.finding}`;
    kinds.set(key, [...(kinds.get(key) ?? []), found]);
  }
  return [...kinds.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const { severity, finding, subject, detail } = first;
    const others = alike.length > 1 ? ` (and ${alike.length - 1} more)` : '';
    const fix = severity === 'ok' ? null : command;
    return [{ section: finding, verdict: severity, reason: `${subject}: ${detail}${others}`, fix }];
  });
}
