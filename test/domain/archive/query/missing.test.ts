import { expect, test, vi } from 'vitest';
import { openEngine } from '../../../../src/domain/archive/query/duckdb.ts';

vi.mock('@duckdb/node-api', () => {
  throw new Error('Cannot find package');
});

test('without DuckDB a query says what to install', async () => {
  await expect(openEngine({ memoryBytes: 1, scratch: '/nowhere' })).rejects.toMatchObject({
    code: 'not_enabled',
    details: { hint: expect.stringContaining('npm install @duckdb/node-api') },
  });
});
