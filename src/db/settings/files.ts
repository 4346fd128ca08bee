import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';

/** What resolving needs of the machine, so that it can be tested without one. */
export interface SettingsFiles {
  readonly homeDirectory: string;
  /** The operating system's name of the user: libpq's default for `user`. A container's numeric user may have none. */
  readonly userName: string | undefined;
  exists(path: string): boolean;
  /** undefined when there is no such file. */
  read(path: string): SettingsFile | undefined;
}

export interface SettingsFile {
  readonly text: string;
  readonly regular: boolean;
  /** The permission bits, e.g. 0o600. */
  readonly mode: number;
}

export function systemFiles(env: Readonly<Record<string, string | undefined>>): SettingsFiles {
  return {
    homeDirectory: env['HOME'] ?? homedir(),
    get userName() {
      return accountName();
    },
    exists: existsSync,
    read: (path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return undefined;
      const regular = stats.isFile();
      return { text: regular ? readFileSync(path, 'utf8') : '', regular, mode: stats.mode & 0o777 };
    },
  };
}

function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return undefined;
    throw error;
  }
}
