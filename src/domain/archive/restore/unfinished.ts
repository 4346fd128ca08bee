import type { Session } from '../../../db/session.ts';
import type { Month } from '../../partitions/month.ts';
import type { ArchivedTable } from '../plan/tables.ts';
import type { JournalEntry } from '../run/journal-queries.ts';
import { markOf, restoredName } from './naming.ts';
import { readAside } from './queries.ts';

/**
 * Why a month that was attached again may not be archived anew: not all that depends on it is back, and the new manifest, which
 * is the one that restore and query then use, would be without it. Undefined when nothing is missing.
 */
export async function restoreUnfinished(
  { sql }: Session,
  { dependants, table }: ArchivedTable,
  { problem, month }: { readonly problem: JournalEntry['problem']; readonly month: Month },
): Promise<string | undefined> {
  if (problem !== null) {
    return `its restore was broken off (${problem}): run ordersync archive restore --table ${table} --month ${month} --to attach again`;
  }
  const names = dependants.map((dependant) => restoredName(dependant.table, month));
  const aside = (await readAside(sql, names)).filter(({ comment }) => markOf(comment) !== undefined);
  if (aside.length === 0) return undefined;
  const tables = aside.map(({ name }) => name).join(', ');
  return `rows that belong to it were restored aside: see that all of ${tables} is back, then drop what is aside`;
}
