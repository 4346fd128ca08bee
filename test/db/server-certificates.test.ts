import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { readCertificates } from '../../src/db/wire/certificates.ts';
import { testServer } from '../support/postgres.ts';
import { markServerLog, readServerLog } from '../support/server-log.ts';
import { issueCertificate } from './certificates.ts';
import { settingsOf, useSessions, withParameters } from './sessions.ts';
import { presentCertificate, startTlsServer } from './tls-server.ts';

const sessions = useSessions();
const authority = issueCertificate({ name: 'Test Authority', days: 300 });
/** The server does not have it, and cannot send it. */
const stranger = issueCertificate({ name: 'Strange Authority' });
const PATIENT = AbortSignal.timeout(600_000);
let server: EmbeddedServer;

beforeAll(async () => {
  server = await startTlsServer(authority, issueCertificate({ name: 'alone', days: 20 }));
});

afterAll(async () => server.stop('immediate'));

/** Whatever the session itself does about TLS. */
async function shown(parameters: Readonly<Record<string, string>> = {}) {
  const session = await sessions.open(withParameters(server.url, parameters));
  return session.certificates(PATIENT);
}

describe('what a server shows to whoever asks for TLS', () => {
  it('is its own certificate', async () => {
    const found = await shown({ sslmode: 'disable' });
    expect(found).toMatchObject({ kind: 'certificates', chain: [{ subject: 'alone', selfSigned: true }] });
    const [own] = found.kind === 'certificates' ? found.chain : [];
    const days = ((own?.validTo ?? 0) - Date.now()) / 86_400_000;
    expect([Math.round(days), (own?.validFrom ?? Infinity) < Date.now()]).toEqual([20, true]);
  });

  it('is also the authorities that it sends, and none of this machine', async () => {
    const own = issueCertificate({ name: 'issued', issuer: authority });
    await presentCertificate(server, { ...own, certificate: own.certificate + authority.certificate });
    expect(await shown({ sslmode: 'require' })).toMatchObject({
      chain: [
        { subject: 'issued', selfSigned: false },
        { subject: 'Test Authority', selfSigned: true },
      ],
    });
    await presentCertificate(server, issueCertificate({ name: 'bare', issuer: stranger }));
    expect(await shown()).toMatchObject({ chain: [{ subject: 'bare', selfSigned: false }] });
  });

  it('is seen when it has ended, where a client that verifies is refused', async () => {
    await presentCertificate(server, issueCertificate({ name: 'ended', expired: true }));
    expect(await shown()).toMatchObject({ chain: [{ subject: 'ended' }] });
  });

  it('leaves no line of an error or a broken connection in the log of the server', async () => {
    const mark = await markServerLog(server.logFile);
    for (let count = 0; count < 5; count += 1) await shown();
    await sessions.closeAll();
    await sleep(300); // the server may be behind with its log
    const lines = await readServerLog(mark, { logFile: server.logFile });
    expect(lines).toEqual([]);
  });
});

it('a server without TLS and a Unix socket show none', async () => {
  const { host, port, socketDir } = testServer();
  const settings = settingsOf(testServer().url);
  const at = (place: string) => readCertificates({ host: place, address: undefined, port }, settings, PATIENT);
  expect(await at(host)).toEqual({ kind: 'no tls' });
  expect(await at(socketDir)).toEqual({ kind: 'unix socket' });
});

it('a server that says nothing is left when the time is over', async () => {
  const open: Socket[] = [];
  const silent: Server = createServer((socket) => open.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const asked = readCertificates(
    { host: '127.0.0.1', address: undefined, port },
    settingsOf(testServer().url),
    AbortSignal.timeout(200),
  );
  await expect(asked).rejects.toThrow(/timeout/i);
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

it('a server that resets the connection after it has shown its certificate has shown it', async () => {
  const { certificate: cert, key } = issueCertificate({ name: 'rude', hosts: ['127.0.0.1'] });
  const rude: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('S');
      const secured = new TLSSocket(socket, { isServer: true, cert, key });
      // The client's farewell.
      secured.on('error', () => undefined).once('end', () => socket.resetAndDestroy());
      secured.resume();
    });
  });
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
  const { port } = rude.address() as AddressInfo;
  const host = { host: '127.0.0.1', address: undefined, port };
  const found = await readCertificates(host, settingsOf(testServer().url), PATIENT);
  expect(found).toMatchObject({ kind: 'certificates', chain: [{ subject: 'rude' }] });
  await new Promise((resolve) => rude.close(resolve));
});
