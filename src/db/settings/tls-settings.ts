import { Secret } from '../secret.ts';
import type { SettingsFiles } from './files.ts';
import { settingError } from './setting-error.ts';
import { SSL_MODES, TLS_VERSIONS, type SslMode, type TlsSettings } from './types.ts';
import { choiceOf, type Values } from './values.ts';

/** libpq's TLS settings, with its default files in ~/.postgresql. Source: PostgreSQL documentation, "SSL Support". */
export function tlsOf(values: Values, files: SettingsFiles): TlsSettings {
  const own = (keyword: string, name: string): string | undefined => {
    const path = `${files.homeDirectory}/.postgresql/${name}`;
    return values.get(keyword)?.value || (files.exists(path) ? path : undefined);
  };
  const rootCertificate = own('sslrootcert', 'root.crt');
  const presents = values.get('sslcertmode')?.value !== 'disable';
  const mode = modeOf(values, rootCertificate);
  const keyPassword = values.get('sslpassword')?.value;
  const negotiation = choiceOf(values, 'sslnegotiation', ['postgres', 'direct'], 'postgres');
  if (negotiation === 'direct' && ['disable', 'allow', 'prefer'].includes(mode)) {
    throw settingError(originOf(values, 'sslnegotiation'), 'sslnegotiation=direct needs sslmode=require or stronger');
  }
  return {
    mode,
    rootCertificate,
    certificate: presents ? own('sslcert', 'postgresql.crt') : undefined,
    key: presents ? own('sslkey', 'postgresql.key') : undefined,
    keyPassword: keyPassword ? new Secret(keyPassword) : undefined,
    revocationList: own('sslcrl', 'root.crl'),
    minVersion: choiceOf(values, 'ssl_min_protocol_version', TLS_VERSIONS, 'TLSv1.2'),
    maxVersion: choiceOf(values, 'ssl_max_protocol_version', TLS_VERSIONS, 'TLSv1.3'),
    sendServerName: values.get('sslsni')?.value !== '0',
    negotiation,
  };
}

function modeOf(values: Values, rootCertificate: string | undefined): SslMode {
  const system = rootCertificate === 'system';
  const mode = choiceOf(values, 'sslmode', SSL_MODES, system ? 'verify-full' : 'prefer');
  if (system && mode !== 'verify-full') {
    // Anyone can get a certificate from a public authority: without the name it proves nothing.
    throw settingError(
      originOf(values, 'sslmode'),
      `sslmode=${mode} is too weak for sslrootcert=system`,
      'use sslmode=verify-full',
    );
  }
  // As libpq: with a root certificate at hand, `require` verifies the chain.
  return mode === 'require' && rootCertificate !== undefined ? 'verify-ca' : mode;
}

function originOf(values: Values, keyword: string): string {
  return values.get(keyword)?.origin ?? 'default';
}
