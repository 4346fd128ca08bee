import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context, Work } from '../../context.ts';
import type { LintResult } from '../../domain/migrations/lint-folder.ts';
import type { Finding } from '../../domain/migrations/lint/finding.ts';
import type { TraceFinding } from '../../domain/migrations/trace/findings.ts';
import type { TraceResult } from '../../domain/migrations/trace/run.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Report, Row } from '../../output/report.ts';

const SEVERITIES = ['high', 'medium', 'low'] as const;
type Threshold = (typeof SEVERITIES)[number];

export const lint = defineCommand({
  name: 'lint',
  summary: 'find unsafe statements in pending migrations',
  description:
    'Judges the files that up would run: locks that stop traffic, rewrites, lost data, and how to write it safely. A finding is ' +
    'silenced where it stands by "-- ordersync: lint-ignore=<rule> reason: …". --trace also runs the files on a scratch database and ' +
    'tells the locks, rewrites and full reads that each statement really causes, by size of the tables here; it needs the right ' +
    'to create databases. Exit 5 when a finding reaches --fail-on.',
  options: {
    all: option.flag('every file as if none were applied; needs no database'),
    trace: option.flag('run the files on a scratch database and see what they lock, rewrite and read'),
    failOn: option.choice(SEVERITIES, 'lowest severity that makes the check fail', { default: 'high' }),
  },
  examples: [
    'ordersync migrate lint',
    'ordersync migrate lint --trace',
    'ordersync migrate lint --all --fail-on medium --format json',
  ],
  run: lintAll,
  present: (result, { failOn }) => lintReport(result, failOn),
});

interface Linted extends LintResult {
  readonly trace: TraceResult | undefined;
}

// Loaded here: the rules are many modules, and --help and a usage error should not wait for them.
async function* lintAll(ctx: Context, request: { all: boolean; trace: boolean }): Work<Linted> {
  if (request.all && request.trace) {
    throw new OrdersyncError('usage', '--trace and --all exclude each other', {
      hint: 'a trace tells what pending files do to tables that are in use; with none applied there are none',
    });
  }
  const { lintFolder } = await import('../../domain/migrations/lint-folder.ts');
  const result = await lintFolder(ctx, request);
  if (!request.trace) return { ...result, trace: undefined };
  const { tracePending } = await import('../../domain/migrations/trace/run.ts');
  return { ...result, trace: yield* tracePending(ctx) };
}

const TRACE_COLUMNS: Report['columns'] = [
  { name: 'table' },
  { name: 'lock' },
  { name: 'blocks' },
  { name: 'rows', type: 'integer' },
  { name: 'bytes', type: 'bytes' },
];

function lintReport({ files, findings: told, trace }: Linted, failOn: Threshold): Report {
  const findings: readonly (Finding & Partial<TraceFinding>)[] = [...told, ...(trace?.findings ?? [])];
  const failing = findings.filter(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn));
  return {
    command: 'migrate lint',
    columns: [
      { name: 'severity', type: 'state' },
      { name: 'rule' },
      { name: 'place' },
      { name: 'message' },
      ...(trace === undefined ? [] : TRACE_COLUMNS),
      { name: 'why', wide: true },
      { name: 'fix', wide: true },
    ],
    rows: findings.toSorted(byPlace).map((finding) => rowOf(finding, trace !== undefined)),
    outcome: failing.length > 0 ? 'unhealthy' : 'ok',
    notes: [
      `${counted(files, 'file')} judged, ${counted(findings.length, 'finding')}${findings.length === 0 ? '' : '; --verbose shows why, and the safe form'}`,
      ...(trace?.notes ?? []),
    ],
  };
}

function byPlace(left: Finding, right: Finding): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.offset - right.offset;
}

function rowOf(finding: Finding & Partial<TraceFinding>, traced: boolean): Row {
  const { severity, rule, file, line, column, message, why, fix } = finding;
  const { table = null, lock = null, blocks = null, rows = null, bytes = null } = finding;
  const place = `${file}:${line}:${column}`;
  return { severity, rule, place, message, ...(traced ? { table, lock, blocks, rows, bytes } : {}), why, fix };
}
