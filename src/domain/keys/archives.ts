import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { ManifestUse } from './archives-queries.ts';
import {
  countUnderKid,
  readArchiveTables,
  readManifestUses,
  readPendingUses,
  readUnregisteredColumns,
} from './archives-queries.ts';

export type { ManifestUse } from './archives-queries.ts';

/** Values of one column of a table that nobody can read without the key. */
export interface TableUse {
  /** With its schema. */
  readonly relation: string;
  readonly column: string;
  readonly values: number;
}

export interface ArchivedUses {
  /**
   * What lies beside the live tables of this database: detached months, restored months and copies, in any schema, known by
   * their `…_encrypted` columns. `audit_logs_archive` is among the live tables.
   */
  readonly tables: readonly TableUse[];
  /** Archives in a store. */
  readonly manifests: readonly ManifestUse[];
}

/** What is not in the live tables, and cannot be read without this key. */
export async function archivesNeeding(session: Session, kid: string): Promise<ArchivedUses> {
  const tables: TableUse[] = [];
  for (const { schema, table, column } of await readUnregisteredColumns(session.sql)) {
    const values = await countUnderKid(session, { schema, table, column, kid });
    if (values > 0) tables.push({ relation: `${schema}.${table}`, column, values });
  }
  return { tables, manifests: await manifestsNeeding(session, kid) };
}

/**
 * Archives with values under this key. Each counts for as long as its files are kept, whether or not its month was restored:
 * they are still the archive. Only archive rewrap gives them up, when other files hold the rows.
 * @throws OrdersyncError `precondition` when the database keeps its archives in a form that this version does not read: what
 *   is unknown is needed
 */
export async function manifestsNeeding({ sql }: Session, kid: string): Promise<ManifestUse[]> {
  const { journal, manifests, rewraps } = await readArchiveTables(sql);
  if (manifests) {
    const pending = rewraps ? await readPendingUses(sql, kid) : [];
    return [...(await readManifestUses(sql, { kid, rewraps })), ...pending];
  }
  if (!journal) return [];
  throw new OrdersyncError('precondition', 'archive_journal lists exported archives, and this version cannot read it', {
    hint: 'use a version of ordersync that knows the journal: it tells which archives need the key',
  });
}

/** `manifest 3 (audit_logs 2025-01): 12 values` */
export function describeManifestUse({ manifest, table, month, values, pending }: ManifestUse): string {
  if (pending) return `manifest ${manifest} (${table} ${month}): archive rewrap is writing its values under this key`;
  return `manifest ${manifest} (${table} ${month}): ${values} ${values === 1 ? 'value' : 'values'}`;
}
