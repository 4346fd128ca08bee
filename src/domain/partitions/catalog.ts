import { parseQualifiedName, quoteQualified } from '../../db/identifiers.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { hasMonthFunctions, readPartitions, readTables } from './catalog-queries.ts';
import type { PartitionRow, TableRow } from './catalog-queries.ts';
import { monthOfRange } from './month.ts';
import { PARTITIONED_TABLES } from './table.ts';
import type { Partition, PartitionKey, PartitionKind, TableState } from './table.ts';

/** SQL names of the tables asked for, or of the schema's four. @throws OrdersyncError `usage` for what is no name */
function tableNames(asked: readonly string[]): string[] {
  const names = asked.length === 0 ? PARTITIONED_TABLES : asked;
  return names.map((name) => {
    const { schema = 'public', name: table } = parseQualifiedName(name);
    return quoteQualified({ schema, name: table });
  });
}

/**
 * Tables with their partitions, in one statement each. Months come from the bounds in the catalogue, never from names.
 * @param asked names as a person writes them; none: the schema's four
 * @throws OrdersyncError `precondition` when a table or the schema's functions are missing
 */
export async function readTableStates({ sql }: Session, asked: readonly string[]): Promise<readonly TableState[]> {
  if (!(await hasMonthFunctions(sql))) {
    throw new OrdersyncError('precondition', 'the functions that make month partitions are not in this database', {
      hint: 'they come with the migrations: ordersync migrate up',
    });
  }
  const rows = await readTables(sql, tableNames(asked));
  const missing = rows.filter(({ oid }) => oid === null).map(({ wanted }) => wanted);
  if (missing.length > 0) {
    throw new OrdersyncError('precondition', `there is no table ${missing.join(', ')}`, {
      hint: 'name tables with --table, as schema.name outside the schema public',
    });
  }
  const keys = new Map(rows.map((row) => [row.oid, keyOf(row)]));
  const supported = rows.flatMap(({ oid }) => (oid !== null && typeof keys.get(oid) === 'object' ? [oid] : []));
  const partitions = supported.length === 0 ? [] : await readPartitions(sql, supported);
  return rows.map((row) =>
    tableState(
      row,
      partitions.filter(({ parent }) => parent === row.oid),
    ),
  );
}

/** The one table that a command works on. */
export async function readTableState(session: Session, name: string): Promise<TableState> {
  const [table] = await readTableStates(session, [name]);
  if (table === undefined) throw new TypeError('one name, one table');
  return table;
}

/** @throws OrdersyncError `permission`: partitions are the owner's to change */
export function requireOwner({ name, owned }: TableState, { server }: Session): void {
  if (owned) return;
  throw new OrdersyncError('permission', `${name} does not belong to ${server.user}`, {
    hint: 'connect as the owner of the table, or as a member of the owning role',
  });
}

function keyOf(row: TableRow): PartitionKey | string {
  if (row.relkind === 'r') return 'not partitioned';
  if (row.relkind !== 'p') return 'not a table';
  if (row.strategy !== 'r' || row.keyColumns !== 1 || row.keyColumn === null) {
    return 'partitioned by something else than the range of one column';
  }
  if (row.keyType === 'uuid') return { column: row.keyColumn, byId: true };
  if (row.keyType === 'timestamp with time zone') return { column: row.keyColumn, byId: false };
  return `partitioned by ${row.keyColumn} of type ${row.keyType}, which is neither timestamptz nor uuid`;
}

function tableState(row: TableRow, partitions: readonly PartitionRow[]): TableState {
  const key = keyOf(row);
  return {
    oid: row.oid ?? '',
    schema: row.schema,
    name: row.name,
    owned: row.owned,
    key: typeof key === 'string' ? undefined : key,
    unsupported: typeof key === 'string' ? key : undefined,
    partitions: partitions.map(partitionOf),
    references: row.references,
    referencedBy: row.referencing.map((name, index) => ({ name, rows: row.referencingRows[index] ?? 0 })),
  };
}

function partitionOf(row: PartitionRow): Partition {
  const start = row.start === null ? Number.NaN : row.start * 1000;
  const end = row.end === null ? Number.NaN : row.end * 1000;
  const month = hasWholeBounds(row.bound) ? monthOfRange(start, end) : undefined;
  return {
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    kind: kindOf(start, end, month !== undefined),
    month,
    start,
    end,
    bound: row.bound,
    pending: row.pending,
    rows: Math.round(row.rows),
    bytes: BigInt(row.bytes),
  };
}

function kindOf(start: number, end: number, isMonth: boolean): PartitionKind {
  if (Number.isNaN(start)) return 'default';
  if (isMonth) return 'month';
  if (start === -Infinity && end !== Infinity) return 'underflow';
  return end === Infinity && start !== -Infinity ? 'overflow' : 'odd';
}

/** A UUID bound with bits behind its milliseconds is no floor of a month, though it begins like one. */
function hasWholeBounds(bound: string): boolean {
  const ids = bound.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,23}/g) ?? [];
  return ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-0000-0000-0{12}$/.test(id));
}
