import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useSchema } from '../support/schema.ts';
import { DEVIATIONS } from './deviations.ts';

type Kind = 'column' | 'constraint' | 'index' | 'comment' | 'function' | 'trigger' | 'policy' | 'job';
type Manifest = Readonly<Record<Kind, Readonly<Record<string, string>>>>;

/** What specified-objects.sql finds where the specification's own statements were run; `job` are its cron.schedule calls. */
async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'manifest.json'), 'utf8')) as Manifest;
}

describe('the schema of the specification', () => {
  const database = useSchema();

  async function readLive(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(join(import.meta.dirname, 'specified-objects.sql'), 'utf8');
    const sql = database.current.as('owner');
    const objects = await sql.unsafe<{ kind: string; name: string; definition: string }[]>(text);
    const jobs = await sql<{ name: string; definition: string }[]>`
      select name, schedule || ' ' || command as definition from scheduled_jobs`;
    return new Map([
      ...objects.map(({ kind, name, definition }) => [`${kind} ${name}`, definition] as const),
      ...jobs.map(({ name, definition }) => [`job ${name}`, definition] as const),
    ]);
  }

  test('the manifest holds all of it', async () => {
    const manifest = await readManifest();
    const columns = Object.keys(manifest.column).filter((name) => !name.startsWith('payment_current_state.'));
    const constraints = Object.values(manifest.constraint).map((definition) => definition.split(' ')[0]);
    expect({
      tables: new Set(columns.map((name) => name.split('.')[0])).size,
      columns: columns.length,
      checks: constraints.filter((word) => word === 'CHECK').length,
      uniques: constraints.filter((word) => word === 'UNIQUE').length,
      foreignKeys: constraints.filter((word) => word === 'FOREIGN').length,
      indexes: Object.keys(manifest.index).length,
      comments: Object.keys(manifest.comment).length,
      functions: Object.keys(manifest.function).length,
      triggers: Object.keys(manifest.trigger).length,
      policies: Object.keys(manifest.policy).length,
      jobs: Object.keys(manifest.job).length,
    }).toEqual({
      tables: 17,
      columns: 223,
      checks: 17,
      uniques: 4,
      foreignKeys: 13,
      indexes: 54,
      comments: 15,
      functions: 8,
      triggers: 3,
      policies: 3,
      jobs: 6,
    });
  });

  test('every object is there as specified, but for the deviations that are listed with their reason', async () => {
    const live = await readLive();
    const differences: Record<string, string | undefined> = {};
    for (const [kind, objects] of Object.entries(await readManifest())) {
      for (const [name, definition] of Object.entries(objects)) {
        // The ledger belongs to the migration runner, which makes it before the first file.
        if (name.startsWith('schema_migrations.')) continue;
        const found = live.get(`${kind} ${name}`);
        if (found !== definition) differences[`${kind} ${name}`] = found;
      }
    }
    expect(differences).toEqual(
      Object.fromEntries(Object.entries(DEVIATIONS).map(([object, { becomes }]) => [object, becomes])),
    );
  });
});
