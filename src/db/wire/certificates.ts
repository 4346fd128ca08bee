import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isSocketFolder, type ConnectionSettings, type HostSettings } from '../settings/types.ts';
import { dial } from './dial.ts';
import { negotiateTls } from './tls.ts';

/** What a certificate says of itself. The names come from the server: they are text, and nothing is proven by them. */
export interface PresentedCertificate {
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** Signed by its own key. */
  readonly selfSigned: boolean;
}

/** The server's own certificate first; then, as far as the server sends them, the authorities that issued it. */
export type ServerCertificates =
  | { readonly kind: 'certificates'; readonly chain: readonly PresentedCertificate[] }
  | { readonly kind: 'unix socket' } // nobody shakes hands there
  | { readonly kind: 'no tls' };

/** The server's turn to close: it takes none of ours, and has nothing to say without a start-up message. */
const FAREWELL_MS = 1000;

/**
 * Asks for TLS on a connection of its own and looks at what the server shows, trusted or not; nobody logs in. Whatever
 * `sslmode` says: it is about this program's connection, and not about what others are shown.
 * @throws OrdersyncError `connection` for a handshake that fails, or the reason of `signal`
 */
export async function readCertificates(
  host: HostSettings,
  { keepAlive, tls }: ConnectionSettings,
  signal: AbortSignal,
): Promise<ServerCertificates> {
  if (isSocketFolder(host.host)) return { kind: 'unix socket' };
  const socket = await dial(host, keepAlive, signal);
  try {
    const settings = { ...tls, mode: 'require' } as const;
    // Without authorities of this machine the chain holds nothing but what the server has sent.
    const material = { ca: [], minVersion: tls.minVersion, maxVersion: tls.maxVersion };
    const secured = await negotiateTls(socket, { host, settings, material, signal });
    if (secured === undefined) return { kind: 'no tls' };
    const chain = chainOf(secured.getPeerX509Certificate());
    await leave(secured);
    return { kind: 'certificates', chain };
  } finally {
    socket.destroy();
  }
}

function chainOf(own: X509Certificate | undefined): PresentedCertificate[] {
  const chain: PresentedCertificate[] = [];
  for (let certificate = own; certificate !== undefined; certificate = certificate.issuerCertificate) {
    chain.push({
      subject: nameOf(certificate.subject),
      validFrom: Date.parse(certificate.validFrom),
      validTo: Date.parse(certificate.validTo),
      selfSigned: certificate.checkIssued(certificate),
    });
    if (certificate.checkIssued(certificate)) break;
  }
  return chain;
}

/** The common name, or what else it is called by. */
function nameOf(subject: string | undefined): string {
  const lines = (subject ?? '').split('\n');
  const [, name] = /^CN=(.+)$/m.exec(subject ?? '') ?? [];
  return name ?? lines.filter((line) => line !== '').join(', ');
}

/**
 * With a farewell. What is torn down at once may not have sent the end of its handshake, and the server writes into its log
 * that it could not accept the connection.
 */
async function leave(secured: TLSSocket): Promise<void> {
  secured.on('error', () => {}).resume();
  const timer = setTimeout(() => secured.destroy(), FAREWELL_MS);
  // A server that resets the connection has answered all the same: 'close' comes after an error, too.
  await new Promise<void>((resolve) => secured.once('close', () => resolve()).end());
  clearTimeout(timer);
}
