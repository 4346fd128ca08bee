import postgres from 'postgres';
import { waitFor } from './wait.ts';

/**
 * Runs a statement that gets stuck half way on a connection of its own, and cancels it there, as an impatient person would:
 * once `stuck` holds, however long that takes.
 */
export async function cancelWhenStuck(url: string, statement: string, stuck: () => Promise<boolean>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const failed = sql.unsafe(statement).then(
    () => new Error(`it came to its end: ${statement}`),
    (error: unknown) => error,
  );
  await waitFor(stuck, `${statement} is stuck`);
  const other = postgres(url, { max: 1 });
  await other`select pg_cancel_backend(${own!.pid})`;
  const error = await failed;
  await Promise.all([sql.end(), other.end()]);
  if (!(error instanceof postgres.PostgresError) || error.code !== '57014') throw error;
}
