import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session, Sql } from '../../../db/session.ts';
import { runText, simpleText } from '../../../db/text.ts';

export interface OwnForeignKey {
  readonly name: string;
  /** The table it leads to, as SQL names it. */
  readonly referenced: string;
}

/** Foreign keys of a table that stands alone. */
export function readOwnForeignKeys(sql: Sql, table: QualifiedName): Promise<OwnForeignKey[]> {
  return sql<OwnForeignKey[]>`
    select conname as name, confrelid::regclass::text as referenced
      from pg_catalog.pg_constraint
     where conrelid = to_regclass(${quoteQualified(table)}) and contype = 'f' and conparentid = 0
     order by conname`;
}

export async function dropForeignKey(session: Session, table: QualifiedName, name: string): Promise<void> {
  await simpleText(session, `alter table ${quoteQualified(table)} drop constraint ${quoteIdentifier(name)}`);
}

/** Nobody reads or writes it from here to the end of the transaction. */
export async function lockAlone(session: Session, table: QualifiedName): Promise<void> {
  await simpleText(session, `lock table only ${quoteQualified(table)} in access exclusive mode`);
}

export async function dropTable(session: Session, table: QualifiedName): Promise<void> {
  await simpleText(session, `drop table ${quoteQualified(table)}`);
}

/**
 * Takes an empty partition away and lets the underflow reach up to its end, in the caller's transaction.
 * @param end the first instant after its range
 */
export async function replaceByUnderflow(
  session: Session,
  { parent, partition, underflow }: Readonly<Record<'parent' | 'partition' | 'underflow', QualifiedName>>,
  end: string,
): Promise<void> {
  await simpleText(session, `alter table ${quoteQualified(parent)} detach partition ${quoteQualified(partition)}`);
  await dropTable(session, partition);
  await runText(
    session,
    "select public.move_catch_all($1::text::regclass, $2::text::regclass, '-infinity', $3::text::timestamptz)",
    [quoteQualified(parent), quoteQualified(underflow), end],
  );
}
