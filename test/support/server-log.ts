import { readFile, stat } from 'node:fs/promises';
import { testServer } from './postgres.ts';

/** A place in the server's log: what is written later is read from here. */
export async function markServerLog(logFile = testServer().logFile): Promise<number> {
  return (await stat(logFile)).size;
}

/**
 * Log entries since a mark, each with its continuation lines; only those of one database if it is named.
 * The prefix is that of TEST_SETTINGS: time, zone, [pid], user@database/application.
 */
export async function readServerLog(
  mark: number,
  { database, logFile = testServer().logFile }: { readonly database?: string; readonly logFile?: string } = {},
): Promise<readonly string[]> {
  const text = (await readFile(logFile)).subarray(mark).toString('utf8');
  const entries = text.split(/\n(?=\d{4}-\d\d-\d\d )/).map((entry) => entry.trimEnd());
  return entries.filter((entry) => entry !== '' && (database === undefined || entry.includes(`@${database}/`)));
}

/** @throws Error with every ERROR, FATAL and PANIC since the mark. */
export async function assertNoServerErrors(
  mark: number,
  database: string,
  logFile = testServer().logFile,
): Promise<void> {
  const errors = (await readServerLog(mark, { database, logFile })).filter((entry) =>
    / (ERROR|FATAL|PANIC): {2}/.test(entry),
  );
  if (errors.length > 0) throw new Error(`in the server log:\n${errors.join('\n')}`);
}
