import type { Sql } from '../../db/session.ts';

/** @param needed `table right` each, such as `encryption_keys insert`; a table that is not there is not among the answers */
export function readMissingRights(sql: Sql, needed: readonly string[]): Promise<{ table: string; right: string }[]> {
  return sql<{ table: string; right: string }[]>`
    select need.words[1] as "table", need.words[2] as "right"
      from unnest(${needed}::text[]) text (need)
     cross join lateral (select string_to_array(text.need, ' ')) need (words)
      join pg_catalog.pg_class relation
        on relation.relname = need.words[1] and relation.relnamespace = 'public'::regnamespace
     where not has_table_privilege(relation.oid, need.words[2])
     order by 1, 2`;
}
