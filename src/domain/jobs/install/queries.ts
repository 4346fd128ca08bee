import type { Sql } from '../../../db/session.ts';

export async function callInstall(sql: Sql): Promise<void> {
  await sql`select public.install_scheduled_jobs()`;
}

export async function callUninstall(sql: Sql): Promise<void> {
  await sql`select public.uninstall_scheduled_jobs()`;
}
