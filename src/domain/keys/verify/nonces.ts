import type { Session } from '../../../db/session.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import type { Finding } from './finding.ts';
import { readRepeatedNonces, readRowsWithHead } from './queries.ts';

const LIMIT = 1000;

/**
 * Finds nonces that encrypted two different values of one column under one key. The server groups the heads of the values;
 * only those that repeat come here. Tables of one logical table share keys, and are looked at together.
 */
export async function findRepeatedNonces(session: Session, tables: readonly EncryptedTable[]): Promise<Finding[]> {
  const repeated = await readRepeatedNonces(session, tables, LIMIT);
  const findings: Finding[] = [];
  for (const table of tables) {
    for (const [position, { value: column }] of table.pairs.entries()) {
      const heads = repeated.filter((nonce) => nonce.position === position).map(({ head }) => head);
      if (heads.length === 0) continue;
      for (const { id } of await readRowsWithHead(session, table, { column, heads, limit: LIMIT })) {
        const detail = 'another value has the same key and nonce';
        findings.push({ table: table.name, id, column, fault: 'duplicate_nonce', detail });
      }
    }
  }
  return findings;
}
