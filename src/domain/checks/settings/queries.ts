import type { Sql } from '../../../db/session.ts';
import type { LiveSetting } from './rules.ts';

/**
 * Settings as the server has them for new sessions of this role: `reset_val`, because this session has set some of them
 * for itself. Those that only pg_read_all_settings shows are not among them.
 */
export function readSettings(sql: Sql, names: readonly string[]): Promise<LiveSetting[]> {
  return sql<LiveSetting[]>`
    select lower(name) as name,
           coalesce(reset_val, setting) as value,
           unit,
           context,
           pending_restart as "pendingRestart"
      from pg_catalog.pg_settings
     where lower(name) = any (${names}::text[])`;
}
