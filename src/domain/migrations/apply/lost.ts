import { OrdersyncError } from '../../../errors.ts';
import { readLedgerRows } from '../queries.ts';
import type { ReadyFile, Run } from './run.ts';

const BACKEND_GONE_WITHIN_MS = 15_000;

/**
 * The connection went away while a file was under way, perhaps during COMMIT. A new session waits until the old backend
 * has ended, so that nothing is decided any more, and reads in the ledger whether the file is there.
 */
export async function resolveLost(
  run: Run,
  file: ReadyFile,
  error: unknown,
  committed: readonly string[],
): Promise<OrdersyncError> {
  const session = await run.ctx.db.open({ purpose: 'after a lost connection' });
  try {
    await waitForEnd(run, session.sql);
    const recorded = (await readLedgerRows(session.sql)).some((row) => row.version === file.version);
    const complete = recorded === (file.direction === 'up');
    const all = complete ? [...committed, file.version] : committed;
    const happened = complete ? 'was committed' : 'was rolled back';
    return new OrdersyncError(
      all.length > 0 ? 'partial' : 'connection',
      `the connection was lost; ${file.script.file} ${happened}`,
      {
        hint: 'the ledger says so, read by a new connection; run the same command again to continue',
        body: all.length === 0 ? ['nothing of this run is committed'] : [`committed: ${all.join(', ')}`],
        facts: { file: file.script.file, applied: all },
        cause: error,
      },
    );
  } finally {
    await session.close();
  }
}

async function waitForEnd(run: Run, sql: Run['session']['sql']): Promise<void> {
  const deadline = run.ctx.clock.monotonicMs() + BACKEND_GONE_WITHIN_MS;
  while (run.ctx.clock.monotonicMs() < deadline) {
    const rows = await sql`select 1 from pg_catalog.pg_stat_activity where pid = ${run.session.server.pid}`;
    if (rows.length === 0) return;
    await run.ctx.clock.sleep(100);
  }
  throw new OrdersyncError('connection', 'the connection was lost and its backend still runs', {
    hint: `whether the last file is committed is not decided yet: look with ordersync migrate status once pid ${run.session.server.pid} has ended`,
  });
}
