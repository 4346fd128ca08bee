import { expect, it } from 'vitest';
import { migrationFolder } from '../support/migration-files.ts';
import { useDatabase } from '../support/postgres.ts';
import { transcribe } from './transcript.ts';

const database = useDatabase();

it('a first afternoon with migrations reads like this', async () => {
  const folder = await migrationFolder({
    '001_guests.up.sql': 'create table guests (\n  id bigint primary key\n);\n',
    '001_guests.down.sql': 'drop table guests;\n',
    '002_names.up.sql': 'alter table guests add column name text;\n',
    '002_names.down.sql': 'alter table guests drop column name;\n',
  });
  const scene = {
    env: { ORDERSYNC_DATABASE_URL: database.current.url, ORDERSYNC_MIGRATIONS: folder },
    cwd: folder,
    masks: [
      [database.current.name, 'shop'],
      [folder, '/migrations'],
    ] as const,
  };
  const text = await transcribe(scene, [
    'migrate status',
    'migrate status --check',
    'migrate plan',
    'migrate up --dry-run',
    'migrate up',
    'migrate up',
    'migrate status',
    'migrate verify',
    'migrate down',
    'migrate down --confirm other',
    'migrate down --yes',
    'migrate redo --yes',
    'migrate status --format markdown',
    'migrate down --all --yes',
    'migrate dwon',
  ]);
  await expect(text).toMatchFileSnapshot('migrate.txt');
});
