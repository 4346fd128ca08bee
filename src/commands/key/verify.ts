import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import type { Verification } from '../../domain/keys/verify/verify.ts';
import { verifyValues } from '../../domain/keys/verify/verify.ts';
import type { Report } from '../../output/report.ts';
import { confidenceOf } from './confidence.ts';
import { KEY_STORE_OPTIONS, requireEncryptedTables, SAMPLE_OPTION, TABLES_OPTION, withKmsTimeout } from './options.ts';

export const verify = defineCommand({
  name: 'verify',
  summary: 'decrypt everything, or a sample, and name what is wrong',
  description:
    'Finds plaintext, damaged and truncated values, values moved to another row or column, unknown keys, key columns that ' +
    'name another key, half pairs, repeated nonces, and hashes that are not those of their values. Reads only, and never ' +
    'shows a value. Exit 5 when anything is wrong.',
  options: { sample: SAMPLE_OPTION, ...TABLES_OPTION, ...KEY_STORE_OPTIONS },
  examples: ['ordersync key verify', 'ordersync key verify --sample 1%', 'ordersync key verify --table users'],
  steadyMemory: true,
  run: async function* (ctx, { sample, table, kmsTimeout }) {
    requireEncryptedTables(table);
    const session = await ctx.db.session();
    return yield* verifyValues(withKmsTimeout(ctx, kmsTimeout), session, { tables: table, sample });
  },
  present: (result, { sample }) => verifyReport(result, sample !== undefined),
});

function verifyReport({ tables, findings, counts, unchecked }: Verification, sampled: boolean): Report {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const values = tables.reduce((sum, table) => sum + table.values, 0);
  const found = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    command: 'key verify',
    columns: [
      { name: 'table' },
      { name: 'id' },
      { name: 'column' },
      { name: 'fault', type: 'state' },
      { name: 'detail' },
    ],
    rows: findings.map(({ table, id, column, fault, detail }) => ({
      table,
      id,
      column,
      fault,
      detail: detail ?? null,
    })),
    outcome: found > 0 ? 'unhealthy' : 'ok',
    notes: [
      `${counted(values, 'value')} in ${counted(rows, 'row')} of ${counted(tables.length, 'table')} decrypted`,
      found === 0 ? 'nothing is wrong with them' : `faults: ${describeCounts(counts)}`,
      ...(found > findings.length ? [`the first ${findings.length} of ${found} faults are listed`] : []),
      ...(sampled && found === 0 && rows > 0 ? [confidenceOf(rows)] : []),
    ],
    warnings: unchecked.map((what) => `not checked: ${what}`),
  };
}

function describeCounts(counts: Verification['counts']): string {
  return [...counts].map(([fault, count]) => `${count} ${fault}`).join(', ');
}
