import { looksLikeConnectionString, parseConnectionString } from '../db/settings/connection-string.ts';
import { VARIABLES } from '../db/settings/parameters.ts';
import { resolveConnection } from '../db/settings/resolve.ts';
import { settingError } from '../db/settings/setting-error.ts';
import type { ConnectionSettings, HostSettings } from '../db/settings/types.ts';
import { warnOfPassword } from './argv-password.ts';
import type { Io } from './io.ts';

export interface ReplicaInput {
  /** Values of --replica. */
  readonly given: readonly string[];
  /** Without the variables that name the main server. */
  readonly env: Io['env'];
  /** The main server, whose role, database, password and TLS a host alone is reached with. */
  readonly main: () => Promise<ConnectionSettings>;
  readonly warn: (message: string) => void;
}

const VARIABLE = 'ORDERSYNC_REPLICA_URL';

/**
 * How to reach each server that is named by --replica, or by a line of ORDERSYNC_REPLICA_URL, where a password is nobody
 * else's to read. Reads files, connects to nothing.
 * @throws OrdersyncError `usage` for the flag, `config` for the variable
 */
export async function resolveReplicas({ given, env, main, warn }: ReplicaInput): Promise<ConnectionSettings[]> {
  const lines = (env[VARIABLE] ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const texts = given.length > 0 ? given : lines;
  const origin = given.length > 0 ? 'flag --replica' : `environment ${VARIABLE}`;
  if (texts.length === 0) return [];
  const settings = await main();
  return texts.map((text) => {
    const found = isConnectionString(text)
      ? byString(text, origin, { env, settings, warn })
      : { ...settings, hosts: [hostOf(text, origin, settings)] };
    // What it has to be is looked at once it answers, and then said.
    return { ...found, targetSessionAttributes: 'any' };
  });
}

function isConnectionString(text: string): boolean {
  return looksLikeConnectionString(text) || text.includes('://');
}

interface Surroundings {
  readonly env: Io['env'];
  readonly settings: ConnectionSettings;
  readonly warn: (message: string) => void;
}

/** As --url: the string outranks variables, and what neither says about database and role is the main server's. */
function byString(text: string, origin: string, { env, settings, warn }: Surroundings): ConnectionSettings {
  const parsed = parseConnectionString(text, origin);
  const said = new Set(VARIABLES.flatMap(([variable, keyword]) => (parsed.has(keyword) ? [variable] : [])));
  const others = Object.fromEntries(Object.entries(env).filter(([variable]) => !said.has(variable)));
  const names = parsed.has('service') ? {} : { dbname: settings.database, user: settings.user };
  const resolved = resolveConnection({
    flags: {},
    env: others,
    project: { settings: { ...names, ...Object.fromEntries(parsed) }, origin },
    warn,
  });
  warnOfPassword(resolved.sources, warn);
  return resolved;
}

/** `standby-1`, `standby-1:5433`, `[::1]:5433`, `/var/run/postgresql`, `/var/run/postgresql:5433`. */
function hostOf(text: string, origin: string, { hosts }: ConnectionSettings): HostSettings {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]\s]+)\]|([^\s,@:]+|[^\s,@]*:[^\s,@]*:[^\s,@]*?))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw settingError(
      origin,
      'this is neither a host nor a connection string',
      'write standby-1, standby-1:5433, a socket folder, or postgres://user@standby-1:5432/name',
    );
  }
  return { host, address: undefined, port: port === undefined ? (hosts[0]?.port ?? 5432) : Number(port) };
}
