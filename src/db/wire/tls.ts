import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { OrdersyncError } from '../../errors.ts';
import { addressOf, type HostSettings, type TlsSettings } from '../settings/types.ts';
import { exchange } from './listen.ts';
import { notPostgres } from './not-postgres.ts';
import type { TlsMaterial } from './tls-material.ts';

/** The message SSLRequest: length 8, then 1234.5679 in two halves. Source: "Message Formats" of the protocol. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export interface TlsRequest {
  readonly host: HostSettings;
  readonly settings: TlsSettings;
  readonly material: TlsMaterial;
  readonly signal: AbortSignal;
}

/** Why a handshake failed; `prefer` and `allow` then try without TLS, as libpq. */
export class TlsFailure extends OrdersyncError {}

/**
 * Asks the server for TLS and shakes hands. undefined when the server has none: the socket is then as good as new.
 * @throws TlsFailure, or OrdersyncError `connection` when no PostgreSQL answers, or the reason of the signal
 */
export async function negotiateTls(socket: Socket, request: TlsRequest): Promise<TLSSocket | undefined> {
  if (request.settings.negotiation === 'postgres') {
    const answer = await ask(socket, request);
    if (answer === 'N') return undefined;
    if (answer !== 'S') throw notPostgres(addressOf(request.host));
  }
  return shakeHands(socket, request);
}

/** One byte: S or N. More bytes with it were injected before the handshake (CVE-2021-23222). */
async function ask(socket: Socket, { host, signal }: TlsRequest): Promise<string> {
  const address = addressOf(host);
  socket.write(SSL_REQUEST);
  const answer = await exchange<Buffer>(socket, {
    signal,
    listeners: (resolve, reject) => ({
      data: (data: Buffer) => {
        socket.pause();
        resolve(data);
      },
      end: () => reject(notPostgres(address, 'closed the connection without an answer')),
      close: () => reject(notPostgres(address, 'closed the connection without an answer')),
      error: (error: Error) => reject(notPostgres(address, 'broke the connection without an answer', error)),
    }),
  });
  const letter = answer.toString('latin1', 0, 1);
  if (answer.length === 1 || !'SN'.includes(letter)) return letter;
  throw notPostgres(address, 'answers with more than the one byte PostgreSQL sends before TLS');
}

async function shakeHands(socket: Socket, { host, settings, material, signal }: TlsRequest): Promise<TLSSocket> {
  const secured = connect({ socket, ...material, ...verificationOf(host, settings) });
  await exchange<void>(secured, {
    signal,
    listeners: (resolve, reject) => ({
      secureConnect: () => resolve(),
      error: (error: NodeJS.ErrnoException) => reject(describeTlsError(error, host)),
      close: () =>
        reject(new TlsFailure('connection', `${addressOf(host)} closed the connection during the TLS handshake`)),
    }),
  });
  return secured;
}

/**
 * The name is compared with the host the user wrote. Node would take the socket's name, which is "localhost" for one
 * connected before: a certificate for localhost would pass for any address.
 */
function verificationOf({ host }: HostSettings, settings: TlsSettings): ConnectionOptions {
  const { mode, sendServerName, negotiation } = settings;
  return {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    checkServerIdentity: (_name, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(sendServerName && isIP(host) === 0 ? { servername: host } : {}),
    ...(negotiation === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
  };
}

const CERTIFICATE_ERRORS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'is for another name',
    'connect by a name the certificate holds, or have one issued for this host',
  ],
  CERT_HAS_EXPIRED: ['has expired', 'renew it on the server'],
  CERT_NOT_YET_VALID: ['is not valid yet', "compare the clocks of this machine and the certificate's issuer"],
  CERT_REVOKED: ['is revoked', 'the server needs a new one'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'is self-signed and not trusted',
    'name it, or the authority that issued it, by sslrootcert',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'comes from an authority that sslrootcert does not hold',
    'name that authority by sslrootcert',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'comes from an authority that sslrootcert does not hold',
    'name that authority by sslrootcert',
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    'comes from an authority that sslrootcert does not hold',
    'name that authority by sslrootcert',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'comes from an authority that sslrootcert does not hold',
    'name that authority by sslrootcert',
  ],
};

function describeTlsError(error: NodeJS.ErrnoException, host: HostSettings): OrdersyncError {
  const known = CERTIFICATE_ERRORS[error.code ?? ''];
  if (known !== undefined) {
    return new TlsFailure('connection', `the certificate of ${addressOf(host)} ${known[0]}`, {
      hint: known[1],
      cause: error,
    });
  }
  return new TlsFailure(
    'connection',
    `the TLS handshake with ${addressOf(host)} failed: ${error.code ?? 'unknown error'}`,
    {
      hint: 'compare the TLS versions, the client certificate and the root certificate of both sides',
      cause: error,
    },
  );
}
