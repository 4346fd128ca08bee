import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OrdersyncError } from '../../errors.ts';
import { compareVersions, parseMigrationName } from './file/name.ts';

export interface NewRequest {
  /** Words of the description; spaces become underscores. */
  readonly name: string;
  /** A TypeScript builder migration instead of a pair of SQL files. */
  readonly typescript: boolean;
}

export interface NewFile {
  readonly path: string;
  readonly content: string;
}

/**
 * Decides the next number and the files. Existing versions set the width: after 041 comes 042.
 * @throws OrdersyncError usage for a name that cannot be a file name, config when the folder is missing
 */
export async function planNew(dir: string, { name, typescript }: NewRequest): Promise<readonly NewFile[]> {
  const slug = name.trim().normalize('NFC').replaceAll(/\s+/g, '_');
  const version = nextVersion(await versionsIn(dir));
  const base = `${version}_${slug}`;
  if (parseMigrationName(`${base}.up.sql`).kind !== 'up') {
    throw new OrdersyncError('usage', `"${name}" cannot be the name of a migration`, {
      hint: 'use letters, digits, _ and -: ordersync migrate new add_coupon_code',
    });
  }
  if (typescript) return [{ path: join(dir, `${base}.ts`), content: TYPESCRIPT }];
  return [
    { path: join(dir, `${base}.up.sql`), content: UP },
    { path: join(dir, `${base}.down.sql`), content: down(base) },
  ];
}

/** Writes the files and never over one that exists. */
export async function writeNew(files: readonly NewFile[]): Promise<readonly string[]> {
  for (const { path, content } of files) {
    try {
      await writeFile(path, content, { flag: 'wx' });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unwritable';
      throw new OrdersyncError(code === 'EEXIST' ? 'precondition' : 'config', `cannot write ${path} (${code})`, {
        hint:
          code === 'EEXIST'
            ? 'somebody took the number meanwhile: run the command again'
            : 'check the rights of the migrations folder',
        cause: error,
      });
    }
  }
  return files.map(({ path }) => path);
}

async function versionsIn(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw new OrdersyncError('config', `there is no migrations folder ${dir}`, {
      hint: 'create it, or name another with --migrations',
      cause: error,
    });
  });
  return names.flatMap((file) => {
    const parsed = parseMigrationName(file);
    return parsed.kind === 'up' || parsed.kind === 'down' || parsed.kind === 'builder' ? [parsed.version] : [];
  });
}

function nextVersion(versions: readonly string[]): string {
  const newest = versions.toSorted(compareVersions).at(-1) ?? '000';
  const [first = '0'] = newest.split('.');
  return String(BigInt(first) + 1n).padStart(first.length, '0');
}

const UP = `-- What this migration changes, and why.
-- It runs in one transaction; statements that refuse one (create index concurrently, vacuum) need a file of their own whose
-- first line is: -- ordersync: no-transaction

`;

function down(base: string): string {
  return `-- Undoes ${base}.up.sql exactly, in the opposite order.

`;
}

const TYPESCRIPT = `import type { MigrationBuilder } from 'node-pg-migrate';

/** What this migration changes, and why. Runs in one transaction; pgm.noTransaction() for statements that refuse one. */
export function up(pgm: MigrationBuilder): void {
}

/** Undoes up() exactly. */
export function down(pgm: MigrationBuilder): void {
}
`;
