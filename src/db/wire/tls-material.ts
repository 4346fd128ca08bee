import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { rootCertificates, type ConnectionOptions } from 'node:tls';
import { OrdersyncError } from '../../errors.ts';
import type { TlsSettings } from '../settings/types.ts';

/** What tls.connect needs besides the socket and the host. */
export type TlsMaterial = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'crl' | 'minVersion' | 'maxVersion'
>;

/** The bundle of the system's certificate authorities on Debian, Red Hat, SUSE, Alpine and macOS. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * Reads certificates and keys once per session.
 * @throws OrdersyncError `config` for a file that is missing, cannot be read, or is a key that others can read
 */
export function readTlsMaterial(settings: TlsSettings): TlsMaterial {
  const { mode, certificate, key, keyPassword, revocationList } = settings;
  const material: TlsMaterial = { minVersion: settings.minVersion, maxVersion: settings.maxVersion };
  if (mode === 'verify-ca' || mode === 'verify-full') {
    material.ca = readAuthorities(settings.rootCertificate);
    if (revocationList !== undefined) material.crl = readPem(revocationList, 'certificate revocation list');
  }
  if (certificate !== undefined) {
    if (key === undefined) {
      throw new OrdersyncError('config', `client certificate ${certificate} has no key`, {
        hint: 'name its key by sslkey or PGSSLKEY',
      });
    }
    material.cert = readPem(certificate, 'client certificate');
    material.key = readKey(key);
    if (keyPassword !== undefined) material.passphrase = keyPassword.reveal();
  }
  return material;
}

function readAuthorities(path: string | undefined): string | string[] {
  if (path === undefined) {
    throw new OrdersyncError('config', 'sslmode verify-ca and verify-full need a root certificate, and there is none', {
      hint: 'name it by sslrootcert or PGSSLROOTCERT, put it at ~/.postgresql/root.crt, or use sslrootcert=system',
    });
  }
  if (path !== 'system') return readPem(path, 'root certificate');
  const bundle = SYSTEM_BUNDLES.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  // Without a bundle of the system, Mozilla's list as Node carries it.
  return bundle === undefined ? [...rootCertificates] : readPem(bundle, "system's root certificate bundle");
}

/** libpq's rule: 0600, or 0640 when root owns it and the group is trusted with it. */
function readKey(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && userInfo().uid !== -1) {
    const forbidden = stats.uid === 0 ? 0o037 : 0o077;
    if ((stats.mode & forbidden) !== 0) {
      throw new OrdersyncError('config', `private key ${path} can be read by others`, { hint: `chmod 600 ${path}` });
    }
  }
  return readPem(path, 'private key');
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OrdersyncError('config', `${what} ${path} cannot be read: ${code}`, {
      hint: 'check the path and who may read it',
      cause: error,
    });
  }
}
