import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import { closing, creating } from '../../domain/archive/restore/aside.ts';
import { copyInto } from '../../domain/archive/restore/ddl.ts';
import type { RestorePlan, RestoreRequest } from '../../domain/archive/restore/plan.ts';
import { asideName, planRestore } from '../../domain/archive/restore/plan.ts';
import type { RestoreOutcome } from '../../domain/archive/restore/restore.ts';
import { restoreMonth } from '../../domain/archive/restore/restore.ts';
import { orStopped } from '../../domain/archive/stopped.ts';
import type { RestorableSource } from '../../domain/archive/restore/sources.ts';
import { ARCHIVED_TABLE_NAMES } from '../../domain/archive/plan/tables.ts';
import { trustOf } from '../../domain/archive/verify/trust.ts';
import type { Month } from '../../domain/partitions/month.ts';
import type { Report, Row } from '../../output/report.ts';
import { CHANGE_OPTIONS, changerOf, monthOption } from '../partition/options.ts';
import { FROM_OPTIONS, PUBLIC_KEY_OPTION, storeOf } from './read-options.ts';

interface Asked {
  readonly table: string;
  readonly month: Month | undefined;
  readonly to: 'side' | 'attach';
  readonly from: string | undefined;
  readonly endpoint: string | undefined;
  readonly publicKey: readonly string[];
}

export const restore = defineCommand({
  name: 'restore',
  summary: 'bring an archived month back, proven, into a table of its own or as a partition',
  description:
    'Chain, signatures and the digests of the files are checked first. The rows are loaded by COPY, and PostgreSQL computes ' +
    'their root: only when it is the one that the manifest signs are they there at all. By default they come back into ' +
    'read-only tables that no application role may read (audit_logs_restored_2025_01); dependants come with their month. ' +
    '--to attach makes the month a partition again, with keys, indexes and triggers, and puts its dependants back into their ' +
    'tables; what cannot go back (its user was deleted, the table has a new column) stays in a table of its own, with the ' +
    'reason and exit code 6. Refused while the table has rows of the month.',
  options: {
    table: { ...option.choice(ARCHIVED_TABLE_NAMES, 'the table', { required: true }), placeholder: 'name' },
    month: { ...monthOption('the month'), required: true },
    to: option.choice(['side', 'attach'], 'a table of its own, or a partition again', { default: 'side' }),
    ...FROM_OPTIONS,
    ...PUBLIC_KEY_OPTION,
    ...CHANGE_OPTIONS,
  },
  examples: [
    'ordersync archive restore --table audit_logs --month 2025-01 --from /srv/archive',
    'ordersync archive restore --table orders --month 2025-01 --to attach --dry-run',
  ],
  steadyMemory: true,
  plan: async function* (ctx, request) {
    return yield* orStopped(planRestore(ctx, await ctx.db.session(), await wanted(ctx, request)), () => ({
      said: 'nothing was restored',
      kept: false,
      hint: 'the same command begins anew',
    }));
  },
  presentPlan: planReport,
  intent: ({ request: { table, month }, parent, attached }) =>
    attached
      ? undefined
      : {
          action: `restore ${table} ${month} ${parent === undefined ? 'into tables of its own' : 'as a partition'}`,
          destructive: false,
        },
  run: async function* (ctx, request) {
    const changer = changerOf(ctx, await ctx.db.session(), request);
    return yield* restoreMonth(changer, ctx, await wanted(ctx, request), request.wait);
  },
  present: ({ plan, tables }) => restoredReport(plan, tables),
});

async function wanted(ctx: Context, { table, month, to, from, endpoint, publicKey }: Asked): Promise<RestoreRequest> {
  if (month === undefined) throw new TypeError('a required option is missing');
  return { store: await storeOf(ctx, { from, endpoint }), trust: await trustOf(ctx, publicKey), table, month, to };
}

function planReport(plan: RestorePlan): Report {
  const { sources, parent, obstacle, attached } = plan;
  const texts = sources.map((source, index) => statementsOf(plan, source, index === 0));
  return {
    command: 'archive restore',
    columns: [
      { name: 'table' },
      { name: 'restored_to' },
      { name: 'rows', type: 'integer' },
      { name: 'files', type: 'integer' },
      { name: 'bytes', type: 'bytes' },
      { name: 'sql', wide: true },
    ],
    rows: sources.map((source, index): Row => ({
      table: source.table,
      restored_to: asideName(plan, source).name,
      rows: sum(source, (part) => part.rows),
      files: sum(source, (part) => part.files.length),
      bytes: sum(source, (part) => part.files.reduce((bytes, file) => bytes + file.bytes, 0)),
      sql: texts[index] ?? [],
    })),
    text: texts.map((statements) => statements.map((statement) => `${statement};\n`).join('')).join('\n'),
    notes: [
      ...(obstacle === undefined ? [] : [`it cannot be attached: ${obstacle}; it would stay in tables of its own`]),
      ...(attached ? ['the month is a partition already'] : []),
      ...(parent === undefined || obstacle !== undefined || attached
        ? []
        : [
            `then it becomes a partition of ${parent.name}: ACCESS EXCLUSIVE on it and on the tables its foreign keys join, for milliseconds; dependants go back into their tables`,
          ]),
      'nothing was changed',
    ],
  };
}

function statementsOf(plan: RestorePlan, source: RestorableSource, own: boolean): readonly string[] {
  const parent = own && plan.obstacle === undefined ? plan.parent : undefined;
  const request = { source, month: plan.request.month, name: asideName(plan, source), parent };
  return [...creating(request), copyInto(request.name, source.columns), ...closing(request)];
}

function sum({ parts }: RestorableSource, of: (source: RestorableSource['parts'][number]['source']) => number): number {
  return parts.reduce((total, { source }) => total + of(source), 0);
}

function restoredReport({ request }: RestorePlan, tables: readonly RestoreOutcome[]): Report {
  const reasons = tables.flatMap(({ table, reason }) => (reason === undefined ? [] : [`${table}: ${reason}`]));
  return {
    command: 'archive restore',
    columns: [
      { name: 'table' },
      { name: 'restored_to' },
      { name: 'state', type: 'state' },
      { name: 'rows', type: 'integer' },
      { name: 'root' },
      { name: 'problem' },
    ],
    rows: tables.map(({ table, name, state, rows, root, reason }) => ({
      table,
      restored_to: name,
      state,
      rows,
      root,
      problem: reason,
    })),
    outcome: reasons.length > 0 ? 'partial' : 'ok',
    notes: [
      `${request.table} ${request.month} is back, and PostgreSQL computes the archived roots from its rows`,
      ...reasons.map((reason) => `not where it came from: ${reason}`),
    ],
  };
}
