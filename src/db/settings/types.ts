import type { Secret } from '../secret.ts';
import type { PasswordEntry } from './password-file.ts';

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const TARGET_SESSION_ATTRIBUTES = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type TargetSessionAttributes = (typeof TARGET_SESSION_ATTRIBUTES)[number];

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** Everything needed to connect, resolved once; openSession reads nothing else. */
export interface ConnectionSettings {
  /** In the order they are tried; at least one. */
  readonly hosts: readonly HostSettings[];
  readonly database: string;
  readonly user: string;
  /** From a connection string, the environment or a service; otherwise the password file is asked per host. */
  readonly password: Secret | undefined;
  readonly passwordEntries: readonly PasswordEntry[];
  readonly tls: TlsSettings;
  readonly targetSessionAttributes: TargetSessionAttributes;
  /** Over all hosts together; Infinity after connect_timeout=0. */
  readonly connectTimeoutMs: number;
  readonly keepAlive: { readonly enabled: boolean; readonly idleMs: number };
  /** The user's own application_name: appended to the command's, never in its place. */
  readonly label: string | undefined;
  /** From `options` / PGOPTIONS: applied by set_config after the connection stands, so that a pooler accepts them. */
  readonly serverSettings: readonly (readonly [name: string, value: string])[];
  /** What was decided and by whom, in libpq's keywords; passwords are masked. */
  readonly sources: readonly Source[];
}

export interface HostSettings {
  /** A name, an address, or the folder of a Unix socket. A certificate is verified against it. */
  readonly host: string;
  /** hostaddr: connect here, and skip the name look-up. */
  readonly address: string | undefined;
  readonly port: number;
}

export interface TlsSettings {
  readonly mode: SslMode;
  /** A path, or `system` for the certificate authorities the system trusts. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly keyPassword: Secret | undefined;
  readonly revocationList: string | undefined;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly sendServerName: boolean;
  readonly negotiation: 'postgres' | 'direct';
}

export interface Source {
  readonly keyword: string;
  readonly value: string;
  /** `flag --host`, `environment PGHOST`, `service file …`, the project file, `default`. */
  readonly origin: string;
}

/** True for a folder (or, on Linux, an abstract name) instead of a network name. */
export function isSocketFolder(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@');
}

/** As people recognise it: `db.example.com:5432`, `[::1]:5432`, `/var/run/postgresql:5432`. */
export function addressOf({ host, port }: HostSettings): string {
  return host.includes(':') && !isSocketFolder(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
