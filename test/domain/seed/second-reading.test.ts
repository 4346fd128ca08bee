import { expect, test } from 'vitest';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import type { Demo } from '../../../src/domain/seed/demo.ts';
import type { SeedRow } from '../../../src/domain/seed/table.ts';
import { auditLogs } from '../../../src/domain/seed/tables/audit.ts';
import { orders } from '../../../src/domain/seed/tables/orders.ts';
import { users } from '../../../src/domain/seed/tables/users.ts';
import type { StoredText } from '../../crypto/python-reader.ts';
import { readByPython } from '../../crypto/python-reader.ts';
import type { TestContext } from '../../support/context.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import { makeKeys, ownerContext, seed } from './fixture.ts';

const database = useSchema();
const keyring = useKeyring();

/** Of each kind: a plain table, one in months, and the audit log, whose values are bound to the trace id. */
const PLACES = [
  { table: users, column: 'email_encrypted', idColumn: 'id' },
  { table: users, column: 'name_encrypted', idColumn: 'id' },
  { table: orders, column: 'items_encrypted', idColumn: 'id' },
  { table: auditLogs, column: 'user_agent_encrypted', idColumn: 'trace_id' },
] as const;

type Place = (typeof PLACES)[number];

test('the reader in Python finds in seeded rows what the generator put there', async (context) => {
  const ctx = ownerContext(database.current, keyring);
  await makeKeys(ctx);
  const { plan } = await seed(ctx, { rows: 6000 });
  for (const place of PLACES) {
    const made = rowOf(plan.demo, place);
    const stored = await readStored(made, place);
    const read = readByPython(context, stored, await dataKeyOf(ctx, stored.text));
    expect({ ...read, output: read.output.toString('utf8') }).toEqual({
      status: 0,
      output: made[place.column],
      complaint: '',
    });
  }
});

/** A row that has the value, as the generator makes it. */
function rowOf(demo: Demo, { table, column }: Place): SeedRow {
  const units = table.unitsOf(demo);
  for (let unit = Math.floor(units / 2); unit < units; unit += 1) {
    const row = table.rowsOf(demo, unit).find((candidate) => candidate[column] !== null);
    if (row !== undefined) return row;
  }
  throw new Error(`no ${table.name} with ${column}`);
}

async function readStored(made: SeedRow, { table, column, idColumn }: Place): Promise<StoredText> {
  const { sql } = database.current;
  const id = made['id'] as string; // every generator makes it as text
  const [stored] = await sql<{ rowId: string; text: string }[]>`
    select ${sql(idColumn)}::text as "rowId", ${sql(column)} as text from ${sql(table.name)} where id = ${id}`;
  if (stored === undefined) throw new Error(`${table.name} lacks a row that was made`);
  return { table: table.name, column, ...stored };
}

/** In hex, straight from the keyring: the program's decryption has no part in it. */
async function dataKeyOf(ctx: TestContext, text: string): Promise<string> {
  const store = keyring.open();
  const keys = await loadDatabaseKeys((await ctx.db.session()).sql, async () => store);
  const material = keys.findKid(text.slice(4, 12))?.material;
  if (material?.wrapped == null) throw new Error('the value names no key of this database');
  const { wrapped, providerKey, context } = material;
  return (await store.unwrap({ wrapped, providerKey, context })).expose().toString('hex');
}
