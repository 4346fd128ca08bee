import { counted } from '../../../counted.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { readTableState, requireOwner } from '../catalog.ts';
import { nameOf } from '../locks.ts';
import type { Month } from '../month.ts';
import { endOf, partitionName } from '../month.ts';
import type { Partition, TableState } from '../table.ts';
import { partitionOfKind, rangesOf } from '../table.ts';
import type { Dependant } from './dependants.ts';
import { readDependants } from './dependants.ts';
import type { Attachment } from './queries.ts';
import { readAttachment } from './queries.ts';

export interface DetachRequest {
  readonly table: string;
  readonly month: Month;
}

export interface DetachPlan {
  readonly table: TableState;
  readonly month: Month;
  /** The partition, or the name under which a detached month stands. */
  readonly partition: Pick<Partition, 'schema' | 'name' | 'rows' | 'bytes'>;
  readonly attachment: Exclude<Attachment, 'absent'>;
  readonly dependants: readonly Dependant[];
  /** What keeps INSERTs of that month working afterwards. */
  readonly coverage: 'covered' | 'underflow' | 'new month';
  readonly statements: readonly string[];
}

/** @throws OrdersyncError `precondition` when there is nothing to detach, or the month is not over */
export async function planDetach(
  session: Session,
  { table: name, month }: DetachRequest,
  now: number,
): Promise<DetachPlan> {
  const table = await readTableState(session, name);
  requireOwner(table, session);
  requireDetachable(table, month, now);
  const found = table.partitions.find((partition) => partition.month === month);
  const attachment =
    found === undefined ? await readDetached(session, table, month) : found.pending ? 'pending' : 'attached';
  const partition = found ?? { schema: table.schema, name: partitionName(table.name, month), rows: 0, bytes: 0n };
  const coverage = coverageOf(table, month, found);
  if (attachment === 'attached' && coverage === 'new month') await refuseSecond(session, partition);
  return {
    table,
    month,
    partition,
    attachment,
    dependants: attachment === 'attached' && found !== undefined ? await readDependants(session, table, found) : [],
    coverage,
    statements: statementsOf(table, partition, { attachment, coverage, month }),
  };
}

/** The name a month gets when another, empty one takes its place. */
export function detachedName(partition: string): string {
  return `${partition.slice(0, 54)}_detached`;
}

/** @throws OrdersyncError `precondition` listing what has to leave before, in order */
export function refuseDependants({ partition, dependants, table }: DetachPlan): void {
  const blocking = dependants.filter(({ direct, rows }) => direct && rows > 0n);
  if (blocking.length === 0) return;
  const order = [
    ...dependants.map(({ table: name, rows }) => ({ name, rows: String(rows) })),
    { name: table.name, rows: String(partition.rows) },
  ];
  throw new OrdersyncError(
    'precondition',
    `${partition.name} cannot leave: rows of ${blocking.map(({ table: name }) => name).join(', ')} refer to it`,
    {
      body: [
        'rows have to leave in this order:',
        ...order.map(({ name, rows }, index) => `  ${index + 1}. ${name}: ${counted(rows, 'row')}`),
      ],
      hint: 'ordersync archive run exports a month with all that depends on it and removes them in this order',
      facts: { retention_order: order },
    },
  );
}

function requireDetachable(table: TableState, month: Month, now: number): void {
  if (table.unsupported !== undefined) {
    throw new OrdersyncError('precondition', `${nameOf(table)} has no months: ${table.unsupported}`);
  }
  const fallback = partitionOfKind(table, 'default');
  if (fallback !== undefined) {
    throw new OrdersyncError('precondition', `the DEFAULT partition ${fallback.name} forbids DETACH CONCURRENTLY`, {
      hint: 'replace it by range catch-alls with ordersync partition check --fix --default drain',
    });
  }
  if (endOf(month) > now) {
    throw new OrdersyncError('precondition', `${month} is not over: rows are still written to it`, {
      hint: 'detach months that are past',
    });
  }
  const other = table.partitions.find((partition) => partition.pending && partition.month !== month);
  if (other === undefined) return;
  throw new OrdersyncError('precondition', `the detach of ${other.name} is unfinished`, {
    hint: 'finish it with ordersync partition check --fix',
  });
}

async function readDetached({ sql }: Session, table: TableState, month: Month): Promise<'detached'> {
  const name = partitionName(table.name, month);
  if ((await readAttachment(sql, { schema: table.schema, name })) === 'detached') return 'detached';
  throw new OrdersyncError('precondition', `${nameOf(table)} has no partition for ${month}`, {
    hint: 'see what there is with ordersync partition list',
  });
}

/** The month in the place of a detached one is empty and would only leave a hole. */
async function refuseSecond({ sql }: Session, { schema, name }: DetachPlan['partition']): Promise<void> {
  const before = detachedName(name);
  if ((await readAttachment(sql, { schema, name: before })) === 'absent') return;
  throw new OrdersyncError('precondition', `${before} is there already: this month was detached before`, {
    hint: `archive or drop ${before}, or rename it`,
  });
}

function coverageOf(table: TableState, month: Month, found: Partition | undefined): DetachPlan['coverage'] {
  const others = rangesOf(table).filter((range) => range !== found);
  if (others.some(({ start, end }) => start < endOf(month) && end >= endOf(month))) return 'covered';
  const below = others.filter(({ end }) => end < endOf(month)).at(-1);
  return below?.kind === 'underflow' ? 'underflow' : 'new month';
}

function statementsOf(
  table: TableState,
  partition: DetachPlan['partition'],
  { attachment, coverage, month }: Pick<DetachPlan, 'attachment' | 'coverage' | 'month'>,
): string[] {
  const parent = quoteQualified(table);
  const child = quoteQualified(partition);
  const detach = `alter table ${parent} detach partition ${child}`;
  const underflow = partitionOfKind(table, 'underflow');
  const literal = quoteLiteral(parent);
  const bound = underflow === undefined ? '' : `${quoteLiteral(quoteQualified(underflow))}, '-infinity'`;
  const cover = {
    covered: [],
    underflow: [`select public.move_catch_all(${literal}, ${bound}, '${new Date(endOf(month)).toISOString()}')`],
    'new month': [
      `alter table ${child} rename to ${quoteIdentifier(detachedName(partition.name))}`,
      `select public.ensure_month_partitions(${literal}, '${month}-01', '${month}-01')`,
    ],
  }[coverage];
  const leave = { attached: [`${detach} concurrently`], pending: [`${detach} finalize`], detached: [] }[attachment];
  return [...leave, ...cover];
}
