import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Sql } from '../../../db/session.ts';
import type { ArchiveColumn } from './content.ts';
import { parquetColumns } from './kinds.ts';
import { readTableColumns } from './queries.ts';

/**
 * The columns of a table as they are archived, in its order. An enum is archived as text and a domain as the type under
 * it, because the oids of their own types differ from database to database; both can be restored into such columns.
 * @throws OrdersyncError `precondition` naming columns of other types
 */
export async function readColumns(sql: Sql, table: QualifiedName): Promise<ArchiveColumn[]> {
  const columns = await readTableColumns(sql, table);
  parquetColumns(columns);
  return columns;
}
