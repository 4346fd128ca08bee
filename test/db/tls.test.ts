import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrdersyncError } from '../../src/errors.ts';
import { simpleText } from '../../src/db/text.ts';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { startServer } from '../support/postgres.ts';
import { issueCertificate } from './certificates.ts';
import { useSessions, withParameters } from './sessions.ts';
import { presentCertificate, startTlsServer } from './tls-server.ts';

const sessions = useSessions();
const authority = issueCertificate({ name: 'Test Authority' });
const other = issueCertificate({ name: 'Other Authority' });
const folder = mkdtempSync(join(tmpdir(), 'ordersync-tls-'));
const rootFile = writeClientFile('root.crt', authority.certificate);
const otherRootFile = writeClientFile('other.crt', other.certificate);
let server: EmbeddedServer;

function writeClientFile(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** By which name the server is called, and what is asked of its certificate. */
function url(host: string, parameters: Readonly<Record<string, string>>): string {
  return withParameters(server.url.replace('127.0.0.1', host), parameters);
}

function asPaul(parameters: Readonly<Record<string, string>>): string {
  const words = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `host=127.0.0.1 port=${server.port} user=paul dbname=postgres ${words.join(' ')}`;
}

async function isEncrypted(target: string): Promise<boolean> {
  const session = await sessions.open(target);
  const [row] = await session.sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
  return row?.ssl === true;
}

beforeAll(async () => {
  server = await startTlsServer(
    authority,
    issueCertificate({ name: 'first', hosts: ['localhost'], issuer: authority }),
  );
});

afterAll(async () => {
  await server.stop('immediate');
  rmSync(folder, { recursive: true });
});

describe('a certificate for localhost only', () => {
  it('passes verify-full by that name', async () => {
    expect(await isEncrypted(url('localhost', { sslmode: 'verify-full', sslrootcert: rootFile }))).toBe(true);
  });

  it('does not pass verify-full by the address', async () => {
    await expect(
      sessions.open(url('127.0.0.1', { sslmode: 'verify-full', sslrootcert: rootFile })),
    ).rejects.toMatchObject({
      code: 'connection',
      message: `the certificate of 127.0.0.1:${server.port} is for another name`,
    });
  });

  it('passes verify-ca by the address, and verify-full when only the address to dial differs', async () => {
    expect(await isEncrypted(url('127.0.0.1', { sslmode: 'verify-ca', sslrootcert: rootFile }))).toBe(true);
    const dialled = url('localhost', { sslmode: 'verify-full', sslrootcert: rootFile, hostaddr: '127.0.0.1' });
    expect(await isEncrypted(dialled)).toBe(true);
  });

  it('does not pass with another authority, nor with the authorities of the system', async () => {
    const message = `the certificate of localhost:${server.port} comes from an authority that sslrootcert does not hold`;
    for (const sslrootcert of [otherRootFile, 'system']) {
      await expect(sessions.open(url('localhost', { sslmode: 'verify-full', sslrootcert }))).rejects.toMatchObject({
        message,
      });
    }
  });

  it('is not looked at by require without a root certificate, and its authority is with one', async () => {
    expect(await isEncrypted(url('127.0.0.1', { sslmode: 'require' }))).toBe(true);
    await expect(
      sessions.open(url('127.0.0.1', { sslmode: 'require', sslrootcert: otherRootFile })),
    ).rejects.toMatchObject({
      code: 'connection',
    });
  });
});

describe('other certificates', () => {
  it('with the address among its names passes by the address', async () => {
    await presentCertificate(server, issueCertificate({ name: 'second', hosts: ['127.0.0.1'], issuer: authority }));
    expect(await isEncrypted(url('127.0.0.1', { sslmode: 'verify-full', sslrootcert: rootFile }))).toBe(true);
    await expect(
      sessions.open(url('localhost', { sslmode: 'verify-full', sslrootcert: rootFile })),
    ).rejects.toMatchObject({
      message: `the certificate of localhost:${server.port} is for another name`,
    });
  });

  it('that have expired are refused', async () => {
    await presentCertificate(
      server,
      issueCertificate({ name: 'third', hosts: ['localhost'], issuer: authority, expired: true }),
    );
    await expect(
      sessions.open(url('localhost', { sslmode: 'verify-full', sslrootcert: rootFile })),
    ).rejects.toMatchObject({
      message: `the certificate of localhost:${server.port} has expired`,
      details: { hint: 'renew it on the server' },
    });
  });

  it('that sign themselves are refused unless they are the root certificate', async () => {
    const self = issueCertificate({ name: 'localhost', hosts: ['localhost'] });
    await presentCertificate(server, self);
    await expect(
      sessions.open(url('localhost', { sslmode: 'verify-full', sslrootcert: rootFile })),
    ).rejects.toMatchObject({
      message: `the certificate of localhost:${server.port} is self-signed and not trusted`,
    });
    const sslrootcert = writeClientFile('self.crt', self.certificate);
    expect(await isEncrypted(url('localhost', { sslmode: 'verify-full', sslrootcert }))).toBe(true);
  });
});

describe('without verification', () => {
  it.each([
    ['disable', false],
    ['allow', false],
    ['prefer', true],
    ['require', true],
  ])('sslmode=%s is encrypted: %s', async (sslmode, encrypted) => {
    expect(await isEncrypted(url('127.0.0.1', { sslmode }))).toBe(encrypted);
  });

  it('prefer falls back where pg_hba.conf forbids TLS, and require does not', async () => {
    const [prefer = '', require = ''] = ['prefer', 'require'].map((sslmode) =>
      url('127.0.0.1', { sslmode }).replace('/postgres?', '/template1?'),
    );
    expect(await isEncrypted(prefer)).toBe(false);
    await expect(sessions.open(require)).rejects.toMatchObject({ details: { sqlstate: '28000' } });
  });

  it('a Unix socket is never encrypted, whatever is asked', async () => {
    const target = `host=${server.socketDir} port=${server.port} user=postgres dbname=postgres sslmode=verify-full sslrootcert=${rootFile}`;
    expect(await isEncrypted(target)).toBe(false);
  });

  it('TLS without the question before it is spoken by servers from version 17 on', async () => {
    const target = url('127.0.0.1', { sslmode: 'require', sslnegotiation: 'direct' });
    const outcome = await isEncrypted(target).catch((error: OrdersyncError) => error.code);
    expect(outcome).toBe(server.version >= 17 ? true : 'connection');
  });
});

describe('a client certificate', () => {
  const paul = issueCertificate({ name: 'paul', issuer: authority });
  const sslcert = writeClientFile('paul.crt', paul.certificate);
  const sslkey = writeClientFile('paul.key', paul.key);

  it('logs its user in', async () => {
    const session = await sessions.open(asPaul({ sslmode: 'require', sslcert, sslkey }));
    expect(session.server.user).toBe('paul');
  });

  it('is asked for when there is none', async () => {
    await expect(sessions.open(asPaul({ sslmode: 'require' }))).rejects.toMatchObject({ code: 'connection' });
  });

  it('is not used with a key that others can read', async () => {
    const open = writeClientFile('open.key', paul.key, 0o644);
    await expect(sessions.open(asPaul({ sslmode: 'require', sslcert, sslkey: open }))).rejects.toMatchObject({
      code: 'config',
      message: `private key ${open} can be read by others`,
      details: { hint: `chmod 600 ${open}` },
    });
  });
});

it('cancels over TLS', async () => {
  const session = await sessions.open(url('127.0.0.1', { sslmode: 'require' }));
  const sleeping = simpleText(session, 'select pg_sleep(600)').catch((error: unknown) => error);
  const timer = setInterval(() => void session.cancel(), 50);
  expect(await sleeping).toMatchObject({ code: '57014' });
  clearInterval(timer);
});

it('says so when the server has no TLS', async () => {
  const plain = await startServer();
  try {
    await expect(sessions.open(withParameters(plain.url, { sslmode: 'require' }))).rejects.toMatchObject({
      code: 'connection',
      message: `the server at 127.0.0.1:${plain.port} has no TLS, and sslmode=require needs it`,
    });
    await sessions.open(withParameters(plain.url, { sslmode: 'prefer' }));
  } finally {
    await sessions.closeAll();
    await plain.stop('immediate');
  }
});
