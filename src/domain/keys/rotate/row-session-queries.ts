import type { Sql } from '../../../db/session.ts';

/** @param local until the end of the transaction only */
export async function setSessionSettings(
  sql: Sql,
  settings: Readonly<Record<string, string>>,
  local: boolean,
): Promise<void> {
  await sql`
    select set_config(setting.name, setting.value, ${local})
      from unnest(${Object.keys(settings)}::text[], ${Object.values(settings)}::text[]) setting (name, value)`;
}
