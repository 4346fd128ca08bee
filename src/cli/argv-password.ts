import type { Source } from '../db/settings/types.ts';

/** Says once for each connection string that its password stood on the command line. */
export function warnOfPassword(sources: readonly Source[], warn: (message: string) => void): void {
  for (const { keyword, origin } of sources) {
    if (keyword !== 'password' || !origin.startsWith('flag ')) continue;
    warn('the password on the command line can be read by every user of this machine; use ~/.pgpass or PGPASSWORD');
  }
}
