import type { ProgressEvent } from '../../context.ts';
import type { Sql } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { ReadyFile } from './apply/run.ts';
import type { IndexFacts } from './indexes.ts';
import { readInvalidIndexes } from './indexes.ts';
import { readLedgerRows } from './queries.ts';

/**
 * Reads back what a run did before anybody calls it done: each version is in the ledger with its checksum (or gone from
 * it), and no index is INVALID that was not before.
 * @throws OrdersyncError unhealthy when the database does not show what was committed
 */
export async function* verifyResult(
  sql: Sql,
  files: readonly ReadyFile[],
  invalidBefore: readonly IndexFacts[],
): AsyncGenerator<ProgressEvent, void, void> {
  const [rows, invalid] = await Promise.all([readLedgerRows(sql), readInvalidIndexes(sql)]);
  for (const file of files) {
    const row = rows.find((candidate) => candidate.version === file.version);
    const right = file.direction === 'up' ? row?.checksum === file.checksum : row === undefined;
    if (right) continue;
    throw new OrdersyncError('unhealthy', `the ledger does not show ${file.script.file} as it was committed`, {
      hint: 'something else writes to public.schema_migrations, a trigger perhaps; see: ordersync migrate status',
      facts: { version: file.version },
    });
  }
  const known = new Set(invalidBefore.map(nameOf));
  const fresh = invalid.filter((index) => !known.has(nameOf(index)));
  if (fresh.length > 0) {
    throw new OrdersyncError('unhealthy', `left INVALID by this run: ${fresh.map(nameOf).join(', ')}`, {
      hint: 'every write maintains such an index and no query uses it: drop index concurrently, then build it again',
      facts: { indexes: fresh.map(nameOf) },
    });
  }
  for (const index of invalid) {
    yield {
      kind: 'warning',
      message: `index ${nameOf(index)} of ${index.table} is INVALID since before this run: no query uses it`,
    };
  }
}

function nameOf({ schema, name }: IndexFacts): string {
  return `${schema}.${name}`;
}
