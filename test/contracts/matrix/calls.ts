import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import type { State } from './place.ts';
import type { Answer } from '../../support/answer.ts';
import type { Shape } from './shape.ts';
import { columns, reportShape } from './shape.ts';

/** A command that looks and changes nothing, and what its JSON is made of. */
export interface Call {
  readonly words: string;
  /** The member `command`. */
  readonly command: string;
  readonly shape: Shape;
  /** Asks no server. */
  readonly offline?: true;
  /** Whether even a superuser is refused, with what is missing. */
  readonly refused?: (state: State) => boolean;
}

const FINDINGS = columns('severity state, finding, subject, count integer, detail, first_at time, last_at time');
const CHECKS = columns(
  'severity state, id, observed, fix texts, title, area, box, expected, evidence texts, why, fix_kind texts, duration_ms number',
);
const COUNTS =
  'rows_deleted integer, rows_moved integer, rows_changed integer, rows_refreshed integer, partitions_created integer, returned integer';
const SECURITY = ['failed-logins', 'suspicious-ips', 'permission-changes', 'encryption', 'rls', 'roles'];

const OTHERS: readonly Call[] = [
  ...SECURITY.map((verb) => call(`security ${verb}`, FINDINGS)),
  call('security suspicious-ips --decrypt', FINDINGS, 'security suspicious-ips'),
  ...['', ' --profile pre-deploy', ' --profile oncall', ' --profile daily'].map((profile) =>
    call(`check${profile}`, CHECKS, 'check'),
  ),
  {
    ...call('check --list', columns('id, title, box, profiles texts, expected, why'), 'check'),
    offline: true,
  },
  call('jobs list', columns('job, schedule, time_zone, next_run time, next_run_local, what, statement')),
  call(
    'jobs status',
    columns(
      `job, state state, last_run time, by, done, ${COUNTS}, duration_ms integer, next_run time, in_pg_cron boolean, sqlstate, evidence, fix`,
    ),
  ),
  call(
    'partition list',
    columns(
      'table, partition, kind state, range_from, range_to, rows_estimate integer, size_bytes integer, oldest time, newest time, bound',
    ),
  ),
  call('partition check', columns('table, partition, check, verdict state, evidence, fix')),
  call(
    'archive list',
    columns(
      'table, month, kind, state state, rows integer, dependant_rows integer, size_bytes integer, manifest integer, keys texts, location, root, digest, restored_to, updated_at time, problem',
    ),
  ),
  call('archive head', columns('sequence integer, digest, table, month, location, signing_key, created_at time')),
  call('monitor report', columns('report, section, verdict state, reason, fix')),
  call('monitor export', columns('metric, type, labels texts, value')),
  { ...call('monitor rules', columns('rules')), offline: true },
  { ...call('monitor dashboard', columns('dashboard')), offline: true },
];

function call(words: string, of: Shape[string], command = words): Call {
  return { words, command, shape: { '': of } };
}

/** Every command of on-call and the security team that only looks, but for `serve` and `explain`, which have tests of their own. */
export async function readCalls(): Promise<readonly Call[]> {
  const reports = [...reportCommands('monitor').keys()];
  const shapes = await Promise.all(
    reports.map(async (report): Promise<Call> => {
      const words = `monitor ${report}`;
      return { words, command: words, shape: await reportShape(report) };
    }),
  );
  const activity = await reportShape('activity');
  const { section: _, ...top } = Object.fromEntries(activity['activity'] ?? []);
  return [
    ...shapes,
    { words: 'monitor top', command: 'monitor top', shape: { '': new Map(Object.entries(top)) } },
    ...OTHERS,
  ];
}

/** What a command says of each thing that it judges. */
export function verdictsIn({ command, verdicts, data }: Answer): ReadonlyMap<string, string> {
  if (verdicts !== undefined) return new Map(verdicts.map(({ section, verdict }) => [section, verdict]));
  const named = data.flatMap((row) => {
    const said = row['severity'] ?? (command === 'jobs status' ? row['state'] : row['verdict']);
    if (typeof said !== 'string') return [];
    const parts = ['id', 'finding', 'subject', 'report', 'section', 'table', 'partition', 'check', 'job'];
    const words = parts.map((part) => row[part]).filter((word) => typeof word === 'string');
    return [[words.join(' '), said] as const];
  });
  return new Map(named);
}

/**
 * What a role with fewer rights says that the superuser is not told: it may know less, and then says `unknown`, but it
 * never finds well what is not, nor keeps silent about what it did not see.
 */
export function dishonest(found: ReadonlyMap<string, string>, known: ReadonlyMap<string, string>): readonly string[] {
  const blind = [...found.values()].includes('unknown');
  return [
    ...[...found].flatMap(([thing, verdict]) =>
      verdict === 'unknown' || verdict === known.get(thing)
        ? []
        : [`${thing} is ${verdict}, and for a superuser ${known.get(thing) ?? 'not there'}`],
    ),
    ...[...known].flatMap(([thing, verdict]) =>
      found.has(thing) || blind ? [] : [`nothing of ${thing}, which is ${verdict} for a superuser`],
    ),
  ];
}
