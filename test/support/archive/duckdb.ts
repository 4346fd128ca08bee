import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { onTestFinished } from 'vitest';

export type DuckRow = Readonly<Record<string, unknown>>;

/** A DuckDB of its own in memory; numbers of 64 bits come as text. */
export async function openDuckDb(): Promise<{ run(sql: string): Promise<readonly DuckRow[]> }> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  onTestFinished(() => {
    connection.closeSync();
    instance.closeSync();
  });
  return {
    run: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(),
  };
}

/** The SQL of a page of docs/, block by block. */
export function sqlOfPage(name: string): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8');
  return [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql);
}
