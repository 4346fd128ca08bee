import { mkdtemp, readdir, rm, writeFile, copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The project's own migrations. */
export const PROJECT_MIGRATIONS = join(import.meta.dirname, '../../migrations');

/** A folder with these files, removed when the test ends. @param files base name → text */
export async function migrationFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ordersync-migrations-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

/** The project's migrations with some files replaced or added. */
export async function projectWith(changes: Readonly<Record<string, string>>): Promise<string> {
  const dir = await migrationFolder({});
  for (const name of await readdir(PROJECT_MIGRATIONS)) await copyFile(join(PROJECT_MIGRATIONS, name), join(dir, name));
  for (const [name, text] of Object.entries(changes)) await writeFile(join(dir, name), text);
  return dir;
}
