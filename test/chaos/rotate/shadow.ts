import type postgres from 'postgres';
import type { Place } from './places.ts';
import { pairColumns } from './places.ts';

/** Plaintext by column. Null: no value; false: the pair ('none', 'none'). */
export type Truth = Readonly<Record<string, string | null | false>>;

/**
 * The truth beside the tables: for every row the plaintext of its values and, as JSON, all columns outside the pairs. It is
 * written in the very transaction that writes the row, so that whatever is lost, both are.
 */
export async function createShadow(sql: postgres.ISql): Promise<void> {
  await sql`
    create table shadow (
      table_name text not null,
      id text not null, -- 32 hex digits
      truth jsonb not null,
      rest jsonb not null,
      primary key (table_name, id)
    )`;
}

/** Takes what the table holds now of these rows; what `truth` does not name of a known row stays. */
export async function record(
  sql: postgres.ISql,
  place: Place,
  rows: readonly { readonly id: string; readonly truth: Truth }[],
): Promise<void> {
  const type = sql.unsafe(place.id === 'id' ? 'uuid' : 'text');
  await sql`
    insert into shadow (table_name, id, truth, rest)
    select ${place.table}, given.id, given.truth, to_jsonb(stored) - ${pairColumns(place)}::text[]
    from jsonb_to_recordset(${sql.json(rows)}) as given (id text, truth jsonb)
    join ${sql(place.table)} stored on stored.${sql(place.id)} = given.id::${type}
    on conflict (table_name, id) do update set truth = shadow.truth || excluded.truth, rest = excluded.rest`;
}

export async function forget(sql: postgres.ISql, place: Place, id: string): Promise<void> {
  await sql`delete from shadow where table_name = ${place.table} and id = ${id}`;
}
