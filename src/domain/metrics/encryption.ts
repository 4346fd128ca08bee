import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { EncryptedTable } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';
import { readOnlyMode } from '../reports/session-settings.ts';
import { countPlaintext, readPages } from './encryption-queries.ts';
import type { Sample } from './family.ts';
import { samples } from './family.ts';
import { ENCRYPTION } from './own.ts';
import type { Look } from './own-collector.ts';
import { readableTables } from './own-collector.ts';

/** Of each table in one look: 800 kB. Pages are chosen anew each time, so that many looks see all of a table. */
const PAGES = 100;

/** Looks for plaintext in encrypted columns, in all pages of small tables and some of large ones. */
export const collectEncryption: Look = async ({ session, clock }, statementTimeoutMs) => {
  const endsAt = clock.monotonicMs() + statementTimeoutMs;
  const names = ENCRYPTED_TABLES.map(({ name }) => name);
  const { readable, problem } = await readableTables(session, names, statementTimeoutMs);
  const found: Sample[] = [];
  for (const table of ENCRYPTED_TABLES.filter(({ name }) => readable.has(name))) {
    const leftMs = endsAt - clock.monotonicMs();
    if (leftMs <= 0) return { samples: found, problem: `no time was left for ${table.name}` };
    found.push(...(await lookAt(session, table, leftMs)));
  }
  return { samples: found, problem };
};

async function lookAt(session: Session, table: EncryptedTable, statementTimeoutMs: number): Promise<Sample[]> {
  const counts = await inTransaction(
    session,
    async () => countPlaintext(session, table, PAGES / Math.max(1, await readPages(session, table))),
    readOnlyMode(statementTimeoutMs),
  );
  const found = new Map(counts.map(({ position, plaintext }) => [position, plaintext]));
  const values = counts.reduce((sum, count) => sum + count.values, 0);
  return [
    ...table.pairs.flatMap(({ value }, position) =>
      samples(ENCRYPTION.plaintext, found.get(position) ?? 0, [table.name, value]),
    ),
    ...samples(ENCRYPTION.sampled, values, [table.name]),
  ];
}
