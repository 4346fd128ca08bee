import type { Session } from '../../db/session.ts';
import { simpleTexts } from '../../db/text.ts';
import { sendNow } from './send-now.ts';

/** Settings as they stand in the session, to be put back after a file that may have changed some. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * Readies the session for work that may take hours: databases and roles set timeouts for applications, and a
 * migration must not die of them. The server looks every two seconds whether this process still lives
 * (client_connection_check_interval, set by the connection layer), so a killed run leaves no lock behind.
 */
export async function prepareSession({ sql }: Session): Promise<SessionSettings> {
  const [, rows] = await sendNow(
    // By pg_settings, because transaction_timeout exists from version 17 on.
    sql`
      select set_config(name, '0', false)
        from pg_catalog.pg_settings
       where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`,
    sql<{ name: string; setting: string }[]>`
      select name, setting from pg_catalog.pg_settings where source = 'session' and context in ('user', 'superuser')`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.setting]));
}

/**
 * Undoes what a file may have left in the session: role, search_path and every other setting, temporary objects,
 * cursors, listeners. Not DISCARD ALL, which would also drop the run lock.
 */
export function restoreSession(session: Session, settings: SessionSettings): Promise<unknown> {
  return sendNow(
    simpleTexts(session, [
      'reset session authorization',
      'reset role',
      'reset all',
      'discard temp',
      'close all',
      'unlisten *',
    ]),
    session.sql`
      select set_config(wanted.key, wanted.value, false)
        from json_each_text(${JSON.stringify(settings)}::text::json) as wanted`,
  );
}
