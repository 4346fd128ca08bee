import type { Sql } from '../../../db/session.ts';

/** What the functions told in this transaction; '' when none of them tells. */
export async function readReport(sql: Sql): Promise<string> {
  const [row] = await sql<{ report: string | null }[]>`
    select current_setting('ordersync.job_report', true) as report`;
  return row?.report ?? '';
}
