import type { Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { LiveColumn } from './catalogue-queries.ts';
import { readEncryptionColumns } from './catalogue-queries.ts';
import { ENCRYPTED_TABLES } from './registry.ts';

/** One way in which the registry of encrypted columns and the database differ. */
export interface RegistryDifference {
  readonly table: string;
  readonly column: string;
  readonly fault:
    | 'unregistered' // ends in _encrypted, and nothing here knows of it: rotation would pass it over
    | 'missing' // registered, and not in the database
    | 'nullability'; // null is allowed on one side only
}

/** Compares the registry with the live catalogue. Without a difference: an empty list. */
export async function compareRegistry(sql: Sql): Promise<RegistryDifference[]> {
  const live = await readEncryptionColumns(sql);
  const byName = new Map(live.map((column) => [nameOf(column), column]));
  const expected = ENCRYPTED_TABLES.flatMap(({ name, pairs }) =>
    pairs.flatMap(({ value, key, nullable, blindIndex }) => [
      { table: name, column: value, nullable },
      { table: name, column: key, nullable },
      ...(blindIndex === undefined ? [] : [{ table: name, column: blindIndex.column, nullable: undefined }]),
    ]),
  );
  const known = new Set(expected.map(nameOf));
  const unregistered = live
    .filter((column) => column.column.endsWith('_encrypted') && !known.has(nameOf(column)))
    .map(({ table, column }): RegistryDifference => ({ table, column, fault: 'unregistered' }));
  const differing = expected.flatMap(({ table, column, nullable }): RegistryDifference[] => {
    const found = byName.get(nameOf({ table, column }));
    if (found === undefined) return [{ table, column, fault: 'missing' }];
    return nullable === undefined || nullable === found.nullable ? [] : [{ table, column, fault: 'nullability' }];
  });
  return [...unregistered, ...differing];
}

/** @throws OrdersyncError `precondition` when a registered column is not in the database: it cannot be read */
export function requireColumns(differences: readonly RegistryDifference[]): void {
  refuse(differences.filter(({ fault }) => fault === 'missing'));
}

/**
 * Throws `precondition` when the database has an encrypted column that nothing here knows of, or lacks one: whoever counts
 * the values under a key would count wrong.
 */
export async function requireRegistry(sql: Sql): Promise<void> {
  refuse((await compareRegistry(sql)).filter(({ fault }) => fault !== 'nullability'));
}

function refuse(differences: readonly RegistryDifference[]): void {
  if (differences.length === 0) return;
  throw new OrdersyncError('precondition', 'the encrypted columns of this database are not those this program knows', {
    body: differences.map(({ table, column, fault }) => `${table}.${column}: ${fault}`),
    hint: 'apply the migrations of this version; a detached partition has to be archived or attached again first',
  });
}

function nameOf({ table, column }: Pick<LiveColumn, 'table' | 'column'>): string {
  return `${table}.${column}`;
}
