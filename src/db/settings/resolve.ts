import { OrdersyncError } from '../../errors.ts';
import { Secret } from '../secret.ts';
import { systemFiles, type SettingsFiles } from './files.ts';
import { hostsOf } from './hosts.ts';
import type { ConnectionInput } from './input.ts';
import { layersOf, type Layer } from './layers.ts';
import { checkValue, SECRET_KEYWORDS } from './parameters.ts';
import { readPasswordFile, type PasswordEntry } from './password-file.ts';
import { parseServerOptions } from './server-options.ts';
import { tlsOf } from './tls-settings.ts';
import { TARGET_SESSION_ATTRIBUTES, type ConnectionSettings, type Source } from './types.ts';
import { choiceOf, integerOf, type Value, type Values } from './values.ts';

/**
 * Decides every connection setting and who decided it. The first that names a value wins:
 *
 * 1. the flags --host, --port, --dbname, --username
 * 2. ONE connection string: --url, else ORDERSYNC_DATABASE_URL, else DATABASE_URL
 * 3. the service it names (or PGSERVICE names), as libpq: a service outranks the PG* variables
 * 4. PGHOST, PGPORT, … PGPASSWORD
 * 5. the project file's environment, with the service that it names; not when there is a connection string
 * 6. ~/.pgpass or PGPASSFILE, for the password only
 * 7. libpq's defaults, except that there is no default database
 *
 * Connection strings never fill each other's gaps: the password of one would be sent to the host of the other.
 *
 * @throws OrdersyncError `usage` for a flag, `config` for anything else that cannot be read or cannot be honoured.
 */
export function resolveConnection(input: ConnectionInput): ConnectionSettings {
  const files = input.files ?? systemFiles(input.env);
  const warn = input.warn ?? (() => {});
  const values = merge(layersOf(input, files));
  for (const [keyword, { value, origin }] of values) {
    const warning = checkValue(keyword, value, origin);
    if (warning !== undefined) warn(warning);
  }
  const database = databaseOf(values);
  const user = userOf(values, files);
  const password = values.get('password');
  const settings = {
    hosts: hostsOf(values, files),
    database: database.value,
    user: user.value,
    password: password?.value ? new Secret(password.value) : undefined,
    passwordEntries: password?.value ? [] : passwordEntriesOf(values, files, warn),
    tls: tlsOf(values, files),
    targetSessionAttributes: choiceOf(values, 'target_session_attrs', TARGET_SESSION_ATTRIBUTES, 'any'),
    connectTimeoutMs: connectTimeoutOf(values),
    keepAlive: {
      enabled: values.get('keepalives')?.value !== '0',
      idleMs: 1000 * integerOf(values, 'keepalives_idle', 60),
    },
    label: values.get('application_name')?.value || undefined,
    serverSettings: parseServerOptions(values.get('options')),
  };
  return { ...settings, sources: sourcesOf(values, settings, { database, user }) };
}

function merge(layers: readonly Layer[]): Values {
  const values = new Map<string, Value>();
  for (const layer of layers) {
    for (const [keyword, value] of layer) {
      if (!values.has(keyword)) values.set(keyword, value);
    }
  }
  return values;
}

function databaseOf(values: Values): Value {
  const found = values.get('dbname');
  if (found?.value) return found;
  throw new OrdersyncError('config', 'no database given', {
    hint:
      'name one by --url postgres://user@host:5432/name or --dbname, by ORDERSYNC_DATABASE_URL, DATABASE_URL, PGDATABASE or ' +
      'PGSERVICE, or by an environment in ordersync.config.json (--env)',
  });
}

function userOf(values: Values, files: SettingsFiles): Value {
  const found = values.get('user');
  if (found?.value) return found;
  if (files.userName !== undefined) return { value: files.userName, origin: 'default: the operating system user' };
  throw new OrdersyncError('config', 'no user given, and the operating system has no name for this one', {
    hint: 'name one by --username, in the URL, or by PGUSER',
  });
}

function passwordEntriesOf(values: Values, files: SettingsFiles, warn: (message: string) => void): PasswordEntry[] {
  const path = values.get('passfile')?.value || `${files.homeDirectory}/.pgpass`;
  return readPasswordFile(path, files, warn);
}

/** As libpq: seconds, and 0 or less waits for ever. Without a word from the user, ten seconds. */
function connectTimeoutOf(values: Values): number {
  const seconds = integerOf(values, 'connect_timeout', 10);
  return seconds <= 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
}

function sourcesOf(
  values: Values,
  settings: Omit<ConnectionSettings, 'sources'>,
  { database, user }: { readonly database: Value; readonly user: Value },
): Source[] {
  const origin = (keyword: string): string =>
    values.get(keyword)?.value ? (values.get(keyword)?.origin ?? '') : 'default';
  const decided: Source[] = [
    { keyword: 'host', value: settings.hosts.map(({ host }) => host).join(','), origin: origin('host') },
    { keyword: 'port', value: settings.hosts.map(({ port }) => port).join(','), origin: origin('port') },
    { keyword: 'dbname', ...database },
    { keyword: 'user', ...user },
    { keyword: 'sslmode', value: settings.tls.mode, origin: origin('sslmode') },
    { keyword: 'connect_timeout', value: String(settings.connectTimeoutMs / 1000), origin: origin('connect_timeout') },
  ];
  const shown = new Set(decided.map(({ keyword }) => keyword));
  const others = [...values]
    .filter(([keyword, { value }]) => !shown.has(keyword) && value !== '')
    .map(([keyword, { value, origin }]) => ({
      keyword,
      value: SECRET_KEYWORDS.has(keyword) ? '[redacted]' : value,
      origin,
    }));
  return [...decided, ...others];
}
