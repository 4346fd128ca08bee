import { afterEach } from 'vitest';
import { openSession, type SessionOptions } from '../../src/db/connect.ts';
import type { Session } from '../../src/db/session.ts';
import type { SettingsFiles } from '../../src/db/settings/files.ts';
import { resolveConnection } from '../../src/db/settings/resolve.ts';
import type { ConnectionSettings } from '../../src/db/settings/types.ts';

/** A machine without service file, password file or sockets. */
const NO_FILES: SettingsFiles = {
  homeDirectory: '/nowhere',
  userName: 'someone',
  exists: () => false,
  read: () => undefined,
};

/** Settings that come from this connection string alone. */
export function settingsOf(url: string): ConnectionSettings {
  return resolveConnection({ flags: { url }, env: {}, files: NO_FILES });
}

/** The same URL with other or further parameters. */
export function withParameters(url: string, parameters: Readonly<Record<string, string>>): string {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, value);
  // libpq reads a plus sign as itself; only %20 is a blank.
  return changed.href.replaceAll('+', '%20');
}

/** Opens sessions for the tests of one file and closes them after each test, or earlier. */
export function useSessions() {
  const opened: Session[] = [];
  const closeAll = async (): Promise<void> => {
    for (const session of opened.splice(0).toReversed()) await session.close();
  };
  afterEach(closeAll);
  return {
    closeAll,
    open: async (url: string, options?: Partial<SessionOptions>): Promise<Session> => {
      const session = await openSession(settingsOf(url), { applicationName: 'ordersync test', ...options });
      opened.push(session);
      return session;
    },
  };
}
