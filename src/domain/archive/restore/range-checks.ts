import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { Month } from '../../partitions/month.ts';
import { endOf, startOf } from '../../partitions/month.ts';
import type { TableState } from '../../partitions/table.ts';
import { uuidFloor } from '../plan/sources.ts';

const DAY_MS = 86_400_000;
const RANGE_CHECK = 'ck_restored_range';

/**
 * The bound as a constraint, checked while nobody else knows the table: ATTACH then need not read it under its locks. And, for
 * a table by id, the constraint of a month's partition on created_at (migration 004).
 */
export function rangeChecks(name: QualifiedName, table: TableState, month: Month): readonly string[] {
  const { key } = table;
  if (key === undefined) return [];
  const column = quoteIdentifier(key.column);
  const literal = (at: number): string => quoteLiteral(key.byId ? uuidFloor(at) : new Date(at).toISOString());
  const own = addCheck(
    name,
    RANGE_CHECK,
    `${column} >= ${literal(startOf(month))} and ${column} < ${literal(endOf(month))}`,
  );
  return key.byId ? [own, nearMonth(name, table, month)] : [own];
}

export function dropRangeCheck(name: QualifiedName): string {
  return `alter table ${quoteQualified(name)} drop constraint ${RANGE_CHECK}`;
}

function nearMonth(name: QualifiedName, table: TableState, month: Month): string {
  const [from, to] = [startOf(month) - DAY_MS, endOf(month) + DAY_MS].map((at) =>
    quoteLiteral(new Date(at).toISOString()),
  );
  return addCheck(name, `ck_${table.name}_created_at_month`, `created_at >= ${from} and created_at < ${to}`);
}

function addCheck(name: QualifiedName, constraint: string, condition: string): string {
  return `alter table ${quoteQualified(name)} add constraint ${quoteIdentifier(constraint)} check (${condition})`;
}
