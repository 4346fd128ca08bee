import type postgres from 'postgres';

/**
 * Lets a view of the server show other values in some columns, in this database only: the one way to have a transaction
 * that is two hours old, or a session from another machine. Returns what puts the view back.
 * @param columns name → expression over the view's own columns
 */
export async function shiftView(
  sql: postgres.Sql,
  view: string,
  columns: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const [own] = await sql<{ definition: string; names: string[] }[]>`
    select pg_get_viewdef(${`pg_catalog.${view}`}::regclass) as definition,
           array(select attname::text from pg_attribute
                  where attrelid = ${`pg_catalog.${view}`}::regclass and attnum > 0 order by attnum) as names`;
  if (own === undefined) throw new Error(`there is no ${view}`);
  const definition = own.definition.replace(/;\s*$/, '');
  const texts = own.names.map((name) => `${columns[name] ?? `original.${name}`} as ${name}`);
  await replace(sql, view, `select ${texts.join(', ')} from (${definition}) original`);
  return async () => replace(sql, view, definition);
}

async function replace(sql: postgres.Sql, view: string, text: string): Promise<void> {
  await changingCatalogue(sql, `create or replace view pg_catalog.${view} as ${text}`);
}

/** Runs statements that change the server's own catalogue. */
export async function changingCatalogue(sql: postgres.Sql, statements: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`set local allow_system_table_mods = on`;
    await transaction.unsafe(statements);
  });
}
