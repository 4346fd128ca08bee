import { counted } from '../../counted.ts';
import type { EnsureStep, TablePlan } from '../../domain/partitions/ensure/plan.ts';
import type { TableOutcome } from '../../domain/partitions/ensure/apply.ts';
import { describeLocks, nameOf } from '../../domain/partitions/locks.ts';
import { boundText } from '../../domain/partitions/table.ts';
import type { Report, Row } from '../../output/report.ts';

/** What ensure would do: SQL for people and psql, one row per transaction for machines. */
export function ensurePlanReport(
  command: string,
  plans: readonly TablePlan[],
  { lockTimeout }: { readonly lockTimeout: number },
): Report {
  const steps = plans.flatMap((plan) => plan.steps);
  const sqlOf = (step: EnsureStep): string => transactionText(step, lockTimeout);
  return {
    command,
    columns: [
      { name: 'table' },
      { name: 'partition' },
      { name: 'range_from' },
      { name: 'range_to' },
      { name: 'moved_rows', type: 'integer' },
      { name: 'locks' },
      { name: 'sql', wide: true },
    ],
    rows: steps.map((step) => ({ ...placeOf(step), locks: step.locks.map(describeLocks), sql: sqlOf(step) })),
    ...(steps.length === 0 ? {} : { text: steps.map(sqlOf).join('\n') }),
    notes: [
      steps.length === 0 ? 'nothing is missing' : `${counted(steps.length, 'partition')} to make; nothing was changed`,
    ],
    warnings: plans.flatMap(({ table, problem }) =>
      problem === undefined ? [] : [`${nameOf(table)}: ${problem.message}; ${problem.hint}`],
    ),
    outcome: plans.some(({ problem }) => problem !== undefined) ? 'unhealthy' : 'ok',
  };
}

/** What ensure did: a row for each partition made and for each table that could not be completed. */
export function ensuredReport(outcomes: readonly TableOutcome[]): Report {
  const made = outcomes.reduce((sum, { created }) => sum + created.length, 0);
  const failed = outcomes.filter(({ problem }) => problem !== undefined);
  return {
    command: 'partition ensure',
    columns: [
      { name: 'table' },
      { name: 'partition' },
      { name: 'state', type: 'state' },
      { name: 'range_from' },
      { name: 'range_to' },
      { name: 'moved_rows', type: 'integer' },
      { name: 'attempts', type: 'integer', wide: true },
      { name: 'duration_ms', type: 'ms' },
      { name: 'problem', wide: true },
    ],
    rows: outcomes.flatMap(outcomeRows),
    outcome: failed.length > 0 ? 'partial' : 'ok',
    notes: [
      made === 0 ? 'nothing was missing' : `${counted(made, 'partition')} made and read back from the catalogue`,
      ...failed.map(({ table, problem }) => `${table}: ${problem?.message}; ${problem?.hint}`),
    ],
  };
}

function outcomeRows({ table, created, problem }: TableOutcome): Row[] {
  return [
    ...created.map(({ step, movedRows, attempts, durationMs }) => ({
      ...placeOf(step),
      state: 'created',
      moved_rows: movedRows,
      attempts,
      duration_ms: Math.round(durationMs),
    })),
    ...(problem === undefined ? [] : [{ table, state: 'incomplete', problem: problem.message }]),
  ];
}

function placeOf(step: EnsureStep): Row {
  return {
    table: nameOf(step.table),
    partition: step.partition,
    range_from: boundText(step.start),
    range_to: boundText(step.end),
    moved_rows: step.movingRows,
  };
}

/** One transaction as psql could run it, with what it locks. */
function transactionText(step: EnsureStep, lockTimeout: number): string {
  const range = `from ${boundText(step.start)} to ${boundText(step.end)}`;
  const moved = step.movingRows === 0 ? '' : `, moves ${counted(step.movingRows, 'row')} into it`;
  return [
    `-- ${step.partition}: ${range}${moved}`,
    ...step.locks.map((locks) => `--   ${describeLocks(locks)}`),
    'begin;',
    `set local lock_timeout = '${Math.round(lockTimeout / 2)}ms';`,
    `set local ordersync.longest_lock = '${lockTimeout}ms';`,
    `${step.sql};`,
    'commit;',
    '',
  ].join('\n');
}
