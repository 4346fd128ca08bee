import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { TableLocks } from '../../partitions/locks.ts';
import { endOf } from '../../partitions/month.ts';
import type { TableState } from '../../partitions/table.ts';
import { partitionOfKind } from '../../partitions/table.ts';
import { detachedName } from '../../partitions/detach/plan.ts';
import type { PlannedMonth } from './plan.ts';
import { partOfDependant, partOfNothing, partOfPartition, partOfRows } from './sources.ts';
import type { Part } from './sources.ts';

/** A statement of an archive, and whom it keeps waiting. */
export interface PlannedStatement {
  readonly sql: string;
  /** Empty: nobody waits for it, and it waits for nobody. */
  readonly locks: readonly TableLocks[];
  readonly comment?: string;
}

/**
 * Every statement that changes or locks something, in order, for people: bound values are written out, and what runs once
 * for each hour is there once.
 */
export function statementsOf(planned: PlannedMonth, state: TableState, keep: boolean): readonly PlannedStatement[] {
  const { table, month, kind, partition, ownRows } = planned;
  if (kind === 'cover') return coverStatements(planned, state);
  const own =
    partition !== undefined
      ? partOfPartition(table, partition)
      : ownRows
        ? partOfRows(table, month)
        : partOfNothing(table);
  const dependants = table.dependants.map((dependant) => partOfDependant(dependant, month));
  const exports = [own, ...dependants].map(({ from, orderedBy }) => ({
    sql: `copy (select … ${from} order by ${orderedBy.map(quoteIdentifier).join(', ')}) to stdout (format binary)`,
    locks: [],
    comment: 'one snapshot for all of them; nobody waits',
  }));
  if (keep) return exports;
  const timed = dependants.filter(({ timeColumn }) => timeColumn !== undefined);
  if (partition === undefined) return [...exports, ...[...timed, own].map(deletion)];
  return [...exports, ...timed.map(deletion), ...leaveStatements(planned, state)];
}

function deletion({ from }: Part): PlannedStatement {
  return {
    sql: `delete ${from}`,
    locks: [],
    comment: 'some hours at a time, each only when its digest is the one of the archive',
  };
}

function leaveStatements({ table, month, partition }: PlannedMonth, state: TableState): readonly PlannedStatement[] {
  if (partition === undefined) return [];
  const [parent, child] = [quoteQualified(state), quoteQualified(partition)];
  const keys = table.dependants.filter(({ timeColumn }) => timeColumn === undefined);
  return [
    {
      sql: `alter table ${parent} detach partition ${child} concurrently`,
      locks: [{ mode: 'SHARE UPDATE EXCLUSIVE', tables: [state.name] }],
      comment:
        'new queries do not see the month from here on; at its end it locks what its foreign keys lead to for a moment',
    },
    ...coverage(state, { month, partition }),
    ...state.references.map((referenced) => ({
      sql: `alter table ${child} drop constraint … -- the foreign key to ${referenced}`,
      locks: exclusive([partition.name, referenced]),
      comment: 'for a moment',
    })),
    ...keys.map((dependant) => ({
      sql: `delete ${partOfDependant(dependant, month).from}`,
      locks: [],
      comment: `what it repeats of ${partition.name}, 5000 at a time`,
    })),
    {
      sql: `begin; lock table only ${child} in access exclusive mode; select <root of ${child}>; drop table ${child}; commit`,
      locks: exclusive([partition.name]),
      comment:
        'the table stands alone by now: nobody waits. It is dropped only when the root is the one of the manifest',
    },
  ];
}

/** What keeps INSERTs of that month working: src/domain/partitions/detach decides the same from the catalogue. */
function coverage(
  state: TableState,
  { month, partition }: Required<Pick<PlannedMonth, 'month'>> & { readonly partition: { readonly name: string } },
): readonly PlannedStatement[] {
  const months = state.partitions.filter(({ kind }) => kind === 'month' || kind === 'odd');
  const underflow = partitionOfKind(state, 'underflow');
  const parent = quoteLiteral(quoteQualified(state));
  if (underflow !== undefined && months.every(({ end }) => end >= endOf(month)))
    return [moveUnderflow(state, underflow, month)];
  return [
    {
      sql: `alter table ${quoteIdentifier(partition.name)} rename to ${quoteIdentifier(detachedName(partition.name))}; select public.ensure_month_partitions(${parent}, '${month}-01', '${month}-01')`,
      locks: [
        { mode: 'SHARE ROW EXCLUSIVE', tables: [...state.references, ...state.referencedBy.map(({ name }) => name)] },
      ],
      comment: 'an empty month takes its place until nothing older is attached',
    },
  ];
}

function coverStatements({ month, partition }: PlannedMonth, state: TableState): readonly PlannedStatement[] {
  const underflow = partitionOfKind(state, 'underflow');
  if (partition === undefined || underflow === undefined) return [];
  const child = quoteQualified(partition);
  return [
    {
      sql: `alter table ${quoteQualified(state)} detach partition ${child}; drop table ${child}`,
      locks: [{ mode: 'ACCESS EXCLUSIVE', tables: [state.name, ...state.references] }],
      comment: 'an empty month that stands for one that has left; only once it is the oldest',
    },
    moveUnderflow(state, underflow, month),
  ];
}

function moveUnderflow(state: TableState, underflow: { schema: string; name: string }, month: PlannedMonth['month']) {
  const end = new Date(endOf(month)).toISOString();
  const tables = [state.name, underflow.name, ...state.referencedBy.map(({ name }) => name)];
  return {
    sql: `select public.move_catch_all(${quoteLiteral(quoteQualified(state))}, ${quoteLiteral(quoteQualified(underflow))}, '-infinity', '${end}')`,
    locks: [{ mode: 'ACCESS EXCLUSIVE' as const, tables }],
    comment: 'late rows of the month find the underflow; for a moment',
  };
}

function exclusive(tables: readonly string[]): readonly TableLocks[] {
  return [{ mode: 'ACCESS EXCLUSIVE', tables }];
}
