import { nearest } from './nearest.ts';
import { settingError } from './setting-error.ts';

/**
 * libpq's connection parameters (PostgreSQL 18, "Parameter Key Words") and what becomes of each here.
 * `accepts` names the only values that can be honoured; anything else is refused, never ignored.
 * `ignored` has no effect on this client and is harmless; `warned` would have had one, and the user is told.
 */
interface Parameter {
  readonly variable?: string;
  readonly use?: 'ignored' | 'warned';
  readonly accepts?: readonly string[];
  readonly reason?: string;
}

const NO_GSSAPI = 'GSSAPI is not supported';

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  dbname: { variable: 'PGDATABASE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  passfile: { variable: 'PGPASSFILE' },
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: { use: 'ignored' },
  options: { variable: 'PGOPTIONS' },
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS' },
  sslmode: { variable: 'PGSSLMODE' },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslcrl: { variable: 'PGSSLCRL' },
  sslsni: { variable: 'PGSSLSNI', accepts: ['0', '1'] },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', accepts: ['postgres', 'direct'] },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION' },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION' },
  keepalives: { accepts: ['0', '1'] },
  keepalives_idle: {},
  keepalives_interval: { use: 'warned' },
  keepalives_count: { use: 'warned' },
  tcp_user_timeout: { use: 'warned' },
  client_encoding: { variable: 'PGCLIENTENCODING', use: 'ignored' },
  sslcompression: { variable: 'PGSSLCOMPRESSION', use: 'ignored' },
  krbsrvname: { variable: 'PGKRBSRVNAME', use: 'ignored' },
  gsslib: { variable: 'PGGSSLIB', use: 'ignored' },
  gssdelegation: { variable: 'PGGSSDELEGATION', use: 'ignored' },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', use: 'ignored' },
  gssencmode: { variable: 'PGGSSENCMODE', accepts: ['disable', 'prefer'], reason: NO_GSSAPI },
  channel_binding: {
    variable: 'PGCHANNELBINDING',
    accepts: ['disable', 'prefer'],
    reason: 'channel binding is not supported; sslmode=verify-full proves the server instead',
  },
  load_balance_hosts: {
    variable: 'PGLOADBALANCEHOSTS',
    accepts: ['disable'],
    reason: 'hosts are tried in the order given',
  },
  sslcertmode: {
    variable: 'PGSSLCERTMODE',
    accepts: ['allow', 'disable'],
    reason: 'whether the server asked for a certificate is not known',
  },
  min_protocol_version: { variable: 'PGMINPROTOCOLVERSION', accepts: ['3.0'], reason: 'protocol 3.0 is spoken' },
  replication: {
    accepts: ['false', 'off', 'no', '0'],
    reason: 'replication connections run no commands of this program',
  },
  require_auth: { variable: 'PGREQUIREAUTH', accepts: [], reason: 'the method of authentication cannot be forced' },
  requirepeer: { variable: 'PGREQUIREPEER', accepts: [], reason: "the owner of a socket's server cannot be read here" },
  sslcrldir: { variable: 'PGSSLCRLDIR', accepts: [], reason: 'name one file with sslcrl' },
  sslkeylogfile: { accepts: [], reason: 'session keys are not written to files' },
  scram_client_key: { accepts: [], reason: 'give the password' },
  scram_server_key: { accepts: [], reason: 'give the password' },
  oauth_issuer: { accepts: [], reason: 'OAuth is not supported' },
  oauth_client_id: { accepts: [], reason: 'OAuth is not supported' },
  oauth_client_secret: { accepts: [], reason: 'OAuth is not supported' },
  oauth_scope: { accepts: [], reason: 'OAuth is not supported' },
};

/** [environment variable, keyword] of every parameter that has one. */
export const VARIABLES: readonly (readonly [variable: string, keyword: string])[] = Object.entries(PARAMETERS).flatMap(
  ([keyword, { variable }]) => (variable === undefined ? [] : [[variable, keyword] as const]),
);

export const SECRET_KEYWORDS: ReadonlySet<string> = new Set(['password', 'sslpassword']);

/** @throws OrdersyncError for a keyword libpq does not know, with the nearest ones it does. */
export function assertKeyword(keyword: string, origin: string): void {
  if (Object.hasOwn(PARAMETERS, keyword)) return;
  // A piece of a badly quoted password can end up here: only what looks like a keyword is repeated.
  const shown = /^[a-z][a-z_]*$/i.test(keyword)
    ? `connection parameter "${keyword}" is unknown`
    : 'the connection string has an unknown parameter';
  const near = nearest(keyword, Object.keys(PARAMETERS));
  const hint =
    near.length > 0
      ? `did you mean ${near.join(' or ')}`
      : "the names are libpq's: host, port, dbname, user, sslmode, sslrootcert and so on";
  throw settingError(origin, shown, hint);
}

/** @throws OrdersyncError for a value that cannot be honoured. Returns a warning for one that is set aside. */
export function checkValue(keyword: string, value: string, origin: string): string | undefined {
  const { accepts, reason, use } = PARAMETERS[keyword] ?? {};
  if (value === '') return undefined;
  if (accepts !== undefined && !accepts.includes(value)) {
    const hint = accepts.length > 0 ? `accepted: ${accepts.join(', ')}` : 'remove it';
    throw settingError(
      origin,
      `${keyword} cannot be honoured as given${reason === undefined ? '' : `: ${reason}`}`,
      hint,
    );
  }
  return use === 'warned'
    ? `${keyword} (${origin}) is not applied: this platform sets keep-alive by keepalives_idle only`
    : undefined;
}
