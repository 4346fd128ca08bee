import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import postgres from 'postgres';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { startServer } from '../support/postgres.ts';
import { waitFor } from '../support/wait.ts';
import type { Certificate } from './certificates.ts';

/** `paul` logs in by certificate only; `template1` is closed to TLS; everyone else gives a password. */
const PG_HBA = `local all all trust
hostssl all paul 127.0.0.1/32 cert
hostnossl all paul 127.0.0.1/32 reject
hostssl template1 all 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
`;

/** A server with TLS that trusts `authority` for client certificates. */
export async function startTlsServer(authority: Certificate, first: Certificate): Promise<EmbeddedServer> {
  const server = await startServer();
  writeServerFile(server, 'root.crt', authority.certificate);
  const sql = postgres(server.url, { max: 1 });
  await sql`create role paul login`;
  await sql`alter system set ssl = on`;
  await sql`alter system set ssl_ca_file = 'root.crt'`;
  await sql.end();
  writeServerFile(server, 'pg_hba.conf', PG_HBA);
  await presentCertificate(server, first);
  return server;
}

/** The server reads its certificate again; the new one is there when a handshake shows it. */
export async function presentCertificate(server: EmbeddedServer, certificate: Certificate): Promise<void> {
  writeServerFile(server, 'server.crt', certificate.certificate);
  writeServerFile(server, 'server.key', certificate.key);
  server.signal('HUP');
  const { fingerprint256 } = new X509Certificate(certificate.certificate);
  await waitFor(
    async () => (await shownFingerprint(server)) === fingerprint256,
    'the server to present its new certificate',
  );
}

/** Owned as the data directory, because the server may run as another user. */
function writeServerFile(server: EmbeddedServer, name: string, text: string): void {
  const path = join(server.dataDir, name);
  const { uid, gid } = statSync(server.dataDir);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  chownSync(path, uid, gid);
}

async function shownFingerprint(server: EmbeddedServer): Promise<string | undefined> {
  const socket = connectTcp(server.port, '127.0.0.1');
  try {
    socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer.toString() !== 'S') return undefined;
    const secured = connectTls({ socket, rejectUnauthorized: false });
    await once(secured, 'secureConnect');
    const { fingerprint256 } = secured.getPeerCertificate();
    secured.destroy();
    return fingerprint256;
  } finally {
    socket.destroy();
  }
}
