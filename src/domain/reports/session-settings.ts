import { quoteIdentifier } from '../../db/identifiers.ts';
import type { BeginMode } from '../../db/transaction.ts';

/** pg_temp is last: where it is not named, a temporary table would come before everything. */
export function searchPath(schemas: readonly string[]): string {
  return ['pg_catalog', ...schemas.map(quoteIdentifier), 'pg_temp'].join(', ');
}

/**
 * What follows BEGIN. Until the end of the transaction only: behind a transaction pooler a plain SET would reach the next
 * client. 50 ms is what pgmetrics waits for a lock; a longer wait would queue behind a migration, and others behind us.
 */
export function readOnlyMode(
  statementTimeoutMs: number,
  wanted: { readonly searchPath: boolean } = { searchPath: true },
): BeginMode {
  const settings = {
    statement_timeout: String(Math.max(1, Math.round(statementTimeoutMs))),
    lock_timeout: '50',
    row_security: 'off',
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    ...(wanted.searchPath ? { search_path: searchPath([]) } : {}),
  };
  const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  return ['read only', `select ${calls.join(', ')}`];
}
