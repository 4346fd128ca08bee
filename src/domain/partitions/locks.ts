import { quoteQualified } from '../../db/identifiers.ts';
import type { TableState } from './table.ts';

/** What a statement locks of whole tables, as the manual names the modes; new tables that nobody can see are left out. */
export interface TableLocks {
  readonly mode: 'ACCESS EXCLUSIVE' | 'SHARE ROW EXCLUSIVE' | 'SHARE UPDATE EXCLUSIVE';
  readonly tables: readonly string[];
}

/** Whom a mode keeps waiting among ordinary statements (PostgreSQL manual, 13.3.1). */
const WAITING: Readonly<Record<TableLocks['mode'], string>> = {
  'ACCESS EXCLUSIVE': 'readers and writers wait',
  'SHARE ROW EXCLUSIVE': 'writers wait',
  'SHARE UPDATE EXCLUSIVE': 'nobody waits',
};

/**
 * Locks of making a month (the schema's lock_for_months() takes exactly these): a hole is filled beside the catch-alls; a
 * catch-all in the way is renewed when it is empty and nothing refers to the table, else detached and attached again.
 */
export function monthLocks(table: TableState, moving: readonly string[], occupied: boolean): readonly TableLocks[] {
  const own = nameOf(table);
  const referencedBy = table.referencedBy.map(({ name }) => name);
  if (moving.length === 0) {
    return locks([
      ['SHARE ROW EXCLUSIVE', [...table.references, ...referencedBy]],
      ['SHARE UPDATE EXCLUSIVE', [own]],
    ]);
  }
  if (occupied || referencedBy.length > 0) {
    return locks([['ACCESS EXCLUSIVE', [...table.references, ...referencedBy, own, ...moving]]]);
  }
  return locks([
    ['SHARE ROW EXCLUSIVE', table.references],
    ['ACCESS EXCLUSIVE', [own, ...moving]],
  ]);
}

export function locks(pairs: readonly (readonly [TableLocks['mode'], readonly string[]])[]): readonly TableLocks[] {
  return pairs.flatMap(([mode, tables]) => (tables.length === 0 ? [] : [{ mode, tables }]));
}

/** "ACCESS EXCLUSIVE on orders (readers and writers wait)" */
export function describeLocks({ mode, tables }: TableLocks): string {
  return `${mode} on ${tables.join(', ')} (${WAITING[mode]})`;
}

/** The table's name in SQL, with its schema when that is not public. */
export function nameOf({ schema, name }: Pick<TableState, 'schema' | 'name'>): string {
  const quoted = quoteQualified({ schema: schema === 'public' ? undefined : schema, name });
  return /^(?:"[a-z_][a-z0-9_]*"\.?)+$/.test(quoted) ? quoted.replaceAll('"', '') : quoted;
}
