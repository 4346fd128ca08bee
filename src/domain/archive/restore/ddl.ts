import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ArchiveColumn } from '../content/content.ts';
import type { RestorableSource } from './sources.ts';

/** A type of PostgreSQL as format_type() writes those that are archived: words, and numbers in parentheses. */
const TYPE = /^[a-z][a-z0-9 ]*(?:\(\d+(?:,\d+)?\))?(?: (?:with|without) time zone)?(?:\[\])?$/;

/** The statements that make a table of the columns the archive has. */
export function createTable(name: QualifiedName, columns: readonly ArchiveColumn[], temporary = false): string {
  const list = columns.map(({ name: column, type, nullable }) => {
    if (!TYPE.test(type)) throw unknownType(column, type);
    return `  ${quoteIdentifier(column)} ${type}${nullable ? '' : ' not null'}`;
  });
  const what = temporary ? 'create temporary table' : 'create table';
  return `${what} ${quoteQualified(name)} (\n${list.join(',\n')}\n)${temporary ? ' on commit drop' : ''}`;
}

/** The statement that makes a table as a partition of another one is: columns, indexes, constraints, defaults. */
export function createLike(name: QualifiedName, parent: QualifiedName): string {
  return `create table ${quoteQualified(name)} (like ${quoteQualified(parent)} including all)`;
}

export function copyInto(name: QualifiedName, columns: readonly ArchiveColumn[]): string {
  const list = columns.map(({ name: column }) => quoteIdentifier(column)).join(', ');
  return `copy ${quoteQualified(name)} (${list}) from stdin (format binary)`;
}

export function primaryKey(name: QualifiedName, { key }: Pick<RestorableSource, 'key'>): string {
  return `alter table ${quoteQualified(name)} add primary key (${key.map(quoteIdentifier).join(', ')})`;
}

const GUARD = 'refuse_restored_write';

/** Nobody changes a restored month by mistake, its owner neither; to drop it stays possible. */
export function guardStatements(name: QualifiedName): readonly string[] {
  const table = quoteQualified(name);
  return [
    `create trigger ${GUARD} before insert or update or delete or truncate on ${table} for each statement execute function public.${GUARD}()`,
    `alter table ${table} enable always trigger ${GUARD}`,
  ];
}

export function dropGuard(name: QualifiedName): string {
  return `drop trigger ${GUARD} on ${quoteQualified(name)}`;
}

export function commentOn(name: QualifiedName, comment: string | null): string {
  return `comment on table ${quoteQualified(name)} is ${comment === null ? 'null' : quoteLiteral(comment)}`;
}

function unknownType(column: string, type: string): OrdersyncError {
  return new OrdersyncError('precondition', `the archived column ${column} is of a type that cannot be made: ${type}`, {
    hint: 'use the version of ordersync that archived it',
  });
}
