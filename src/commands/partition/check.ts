import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { checkPartitions } from '../../domain/partitions/check/check.ts';
import type { Finding } from '../../domain/partitions/check/finding.ts';
import type { RepairOutcome } from '../../domain/partitions/fix/apply.ts';
import { repairPartitions } from '../../domain/partitions/fix/apply.ts';
import type { PlannedRepair } from '../../domain/partitions/fix/plan.ts';
import { planRepairs } from '../../domain/partitions/fix/plan.ts';
import type { Report } from '../../output/report.ts';
import { CHANGE_OPTIONS, changerOf, TABLE_OPTION } from './options.ts';

interface CheckPlan {
  readonly findings: readonly Finding[];
  readonly repairs: readonly PlannedRepair[];
}

export const check = defineCommand({
  name: 'check',
  summary: 'find what is wrong with partitions, and with --fix repair what is safe to repair',
  description:
    'Looks at the runway of months ahead, holes, rows in catch-alls (counted), a DEFAULT partition, bounds shifted by a time ' +
    'zone, wrong names, unfinished detaches, and triggers, row security, grants and indexes of each partition beside its ' +
    'parent. Exit 5 when anything is not ok, after --fix too. --fix --dry-run shows what would be repaired.',
  options: {
    minAhead: option.integer('months that must be there after the present one', { min: 0, max: 120, default: 2 }),
    fix: option.flag('repair what can be repaired without losing anything'),
    default: option.choice(
      ['drain', 'quarantine'],
      'how --fix replaces a DEFAULT partition: drain in one transaction, or quarantine in batches',
      { default: 'drain' },
    ),
    ...TABLE_OPTION,
    ...CHANGE_OPTIONS,
  },
  examples: [
    'ordersync partition check',
    'ordersync partition check --fix --dry-run',
    'ordersync partition check --fix --default quarantine',
  ],
  plan: async (ctx, request): Promise<CheckPlan> => {
    const session = await ctx.db.session();
    const findings = await checkPartitions(
      { clock: ctx.clock, session },
      { tables: request.table, minAhead: request.minAhead },
    );
    return { findings, repairs: request.fix ? await planRepairs(session, findings, request.default) : [] };
  },
  presentPlan: ({ findings, repairs }, { fix }) => (fix ? repairsReport(repairs) : findingsReport(findings, [])),
  intent: ({ repairs }) =>
    repairs.length === 0
      ? undefined
      : { action: `make ${counted(repairs.length, 'repair')} (${summaryOf(repairs)})`, destructive: true },
  run: async function* (ctx, request, { findings, repairs }: CheckPlan) {
    if (repairs.length === 0) return { findings, outcomes: [] };
    const session = await ctx.db.session();
    return yield* repairPartitions(
      changerOf(ctx, session, request),
      { tables: request.table, minAhead: request.minAhead },
      { mode: request.default, waitMs: request.wait },
    );
  },
  present: ({ findings, outcomes }) => findingsReport(findings, outcomes),
});

function findingsReport(findings: readonly Finding[], outcomes: readonly RepairOutcome[]): Report {
  const bad = findings.filter(({ verdict }) => verdict !== 'ok');
  const failed = outcomes.some(({ problem }) => problem !== undefined);
  return {
    command: 'partition check',
    columns: [
      { name: 'table' },
      { name: 'partition' },
      { name: 'check' },
      { name: 'verdict', type: 'state' },
      { name: 'evidence' },
      { name: 'fix' },
    ],
    rows: findings.map(({ table, partition, check: name, verdict, evidence, fix }) => ({
      table,
      partition: partition ?? null,
      check: name,
      verdict,
      evidence,
      fix: fix ?? null,
    })),
    outcome: failed ? 'partial' : bad.length > 0 ? 'unhealthy' : 'ok',
    notes: [
      ...outcomes.map(({ what, done, problem }) =>
        problem === undefined ? `${what}: ${done}` : `${what}: failed: ${problem.message}; ${problem.hint}`,
      ),
      bad.length === 0 ? 'partitions are healthy' : counted(bad.length, 'finding'),
    ],
  };
}

function repairsReport(repairs: readonly PlannedRepair[]): Report {
  return {
    command: 'partition check',
    columns: [{ name: 'repair' }, { name: 'sql' }],
    rows: repairs.map(({ what, statements }) => ({ repair: what, sql: statements })),
    notes: [
      repairs.length === 0
        ? 'nothing that --fix could repair'
        : `${counted(repairs.length, 'repair')}; nothing was changed`,
    ],
  };
}

const MOST_NAMED = 5;

function summaryOf(repairs: readonly PlannedRepair[]): string {
  const named = repairs.slice(0, MOST_NAMED).map(({ what }) => what);
  return [...named, ...(repairs.length > MOST_NAMED ? ['…'] : [])].join('; ');
}
