import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { LintResult } from '../../domain/migrations/lint-folder.ts';
import type { Report } from '../../output/report.ts';
import { counted } from './reports.ts';

const SEVERITIES = ['high', 'medium', 'low'] as const;
type Threshold = (typeof SEVERITIES)[number];

export const lint = defineCommand({
  name: 'lint',
  summary: 'find unsafe statements in pending migrations',
  description:
    'Judges the files that up would run: locks that stop traffic, rewrites, lost data, and how to write it safely. A finding is ' +
    'silenced where it stands by "-- ordersync: lint-ignore=<rule> reason: …". Exit 5 when a finding reaches --fail-on.',
  options: {
    all: option.flag('every file as if none were applied; needs no database'),
    failOn: option.choice(SEVERITIES, 'lowest severity that makes the check fail', { default: 'high' }),
  },
  examples: ['ordersync migrate lint', 'ordersync migrate lint --all --fail-on medium --format json'],
  // Loaded here: the rules are many modules, and every other verb of the noun would pay for them at its start.
  run: async (ctx, request) => (await import('../../domain/migrations/lint-folder.ts')).lintFolder(ctx, request),
  present: (result, { failOn }) => lintReport(result, failOn),
});

function lintReport({ files, findings }: LintResult, failOn: Threshold): Report {
  const failing = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn));
  return {
    command: 'migrate lint',
    columns: [
      { name: 'severity', type: 'state' },
      { name: 'rule' },
      { name: 'place' },
      { name: 'message' },
      { name: 'why', wide: true },
      { name: 'fix', wide: true },
    ],
    rows: findings.map(({ severity, rule, file, line, column, message, why, fix }) => ({
      severity,
      rule,
      place: `${file}:${line}:${column}`,
      message,
      why,
      fix,
    })),
    outcome: failing.length > 0 ? 'unhealthy' : 'ok',
    notes: [
      `${counted(files, 'file')} judged, ${counted(findings.length, 'finding')}${findings.length === 0 ? '' : '; --verbose shows why, and the safe form'}`,
    ],
  };
}
