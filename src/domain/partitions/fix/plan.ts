import { counted } from '../../../counted.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import type { Finding, Repair } from '../check/finding.ts';
import { REPAIR_ORDER } from '../check/finding.ts';
import type { EnsureStep } from '../ensure/plan.ts';
import { catchAllSteps, planTable } from '../ensure/plan.ts';
import { readCatchAllRows } from '../ensure/read.ts';
import type { TableState } from '../table.ts';
import type { DefaultMode } from './default.ts';

export interface PlannedRepair {
  readonly repair: Repair;
  /** "orders: make 2026-03 to 2026-05 and move 12 rows into them" */
  readonly what: string;
  readonly statements: readonly string[];
}

/** What `check --fix` does about findings, in the order of doing it, each thing once. */
export async function planRepairs(
  session: Session,
  findings: readonly Finding[],
  mode: DefaultMode,
): Promise<readonly PlannedRepair[]> {
  const repairs = mergeRepairs(findings.flatMap(({ repair }) => (repair === undefined ? [] : [repair])));
  const planned: PlannedRepair[] = [];
  for (const repair of repairs) {
    planned.push({ repair, what: describeRepair(repair, mode), statements: await statementsOf(session, repair, mode) });
  }
  return planned;
}

/** Transactions of a repair of months, in the state the table is in now. */
export async function monthSteps(
  session: Session,
  table: TableState,
  span: Extract<Repair, { kind: 'months' }>['span'],
): Promise<readonly EnsureStep[]> {
  return planTable(table, span, await readCatchAllRows(session, table, span), 'any').steps;
}

function mergeRepairs(repairs: readonly Repair[]): readonly Repair[] {
  const merged = new Map<string, Repair>();
  for (const repair of repairs) {
    const key = [repair.kind, repair.table.oid, 'partition' in repair ? repair.partition.oid : ''].join(' ');
    const known = merged.get(key);
    merged.set(key, known?.kind === 'months' && repair.kind === 'months' ? joinMonths(known, repair) : repair);
  }
  return [...merged.values()].sort((one, other) => rankOf(one) - rankOf(other));
}

function rankOf({ kind }: Repair): number {
  return REPAIR_ORDER.indexOf(kind);
}

type Months = Extract<Repair, { kind: 'months' }>;

function joinMonths(one: Months, other: Months): Months {
  const [from, to] = [[one.span.from, other.span.from].sort()[0], [one.span.to, other.span.to].sort()[1]];
  return { ...one, span: { from: from ?? one.span.from, to: to ?? one.span.to }, rows: one.rows + other.rows };
}

function describeRepair(repair: Repair, mode: DefaultMode): string {
  const table = repair.table.name;
  switch (repair.kind) {
    case 'finish detach':
      return `${table}: finish the detach of ${repair.partition.name}`;
    case 'default':
      return `${table}: ${mode} the DEFAULT partition ${repair.partition.name}`;
    case 'quarantine':
      return `${table}: bring the rows of ${repair.quarantine.name} back`;
    case 'months': {
      const { from, to } = repair.span;
      const months = from === to ? from : `${from} to ${to}`;
      return `${table}: make the months ${months}${repair.rows === 0 ? '' : ` and move ${counted(repair.rows, 'row')} into them`}`;
    }
    case 'catch-alls':
      return `${table}: make its missing catch-alls`;
    case 'align':
      return `${table}: give ${repair.partition.name} the triggers, row security and rights of its parent`;
    default: // rename
      return `${table}: rename ${repair.partition.name} to ${repair.to}`;
  }
}

async function statementsOf(session: Session, repair: Repair, mode: DefaultMode): Promise<readonly string[]> {
  const parent = quoteQualified(repair.table);
  const child = 'partition' in repair ? quoteQualified(repair.partition) : '';
  switch (repair.kind) {
    case 'finish detach':
      return [`alter table ${parent} detach partition ${child} finalize`];
    case 'default':
      return mode === 'drain'
        ? [`select public.drain_default_partition(${quoteLiteral(parent)}, ${quoteLiteral(child)}, …)`]
        : [`select public.detach_catch_all(${quoteLiteral(parent)}, ${quoteLiteral(child)})`];
    case 'quarantine':
      return [`with moved as (delete from ${quoteQualified(repair.quarantine)} … returning …) insert into ${parent} …`];
    case 'months':
      return (await monthSteps(session, repair.table, repair.span)).map(({ sql }) => sql);
    case 'catch-alls':
      return catchAllSteps(repair.table).map(({ sql }) => sql);
    case 'align':
      return [`select public.align_month_partition(${quoteLiteral(parent)}, ${quoteLiteral(child)})`];
    default: // rename
      return [`alter table ${child} rename to ${quoteIdentifier(repair.to)}`];
  }
}
