import type { Socket } from 'node:net';
import { OrdersyncError } from '../../errors.ts';
import { addressOf, isSocketFolder, type ConnectionSettings, type HostSettings } from '../settings/types.ts';
import { dial } from './dial.ts';
import type { TlsMaterial } from './tls-material.ts';
import { negotiateTls } from './tls.ts';

export interface Endpoint {
  readonly host: HostSettings;
  readonly tls: 'required' | 'offered' | 'never';
}

export interface OpenSocket {
  readonly socket: Socket;
  readonly encrypted: boolean;
}

/**
 * The ways to try one host, in libpq's order: `prefer` falls back to plain text and `allow` to TLS. Never TLS on a Unix
 * socket: nobody listens there but the kernel.
 */
export function endpointsOf(host: HostSettings, { tls }: ConnectionSettings): Endpoint[] {
  if (isSocketFolder(host.host) || tls.mode === 'disable') return [{ host, tls: 'never' }];
  const plain = { host, tls: 'never' } as const;
  if (tls.mode === 'allow') return [plain, { host, tls: 'required' }];
  return tls.mode === 'prefer' ? [{ host, tls: 'offered' }, plain] : [{ host, tls: 'required' }];
}

/**
 * A socket on which the startup message or a CancelRequest can be sent.
 * @throws OrdersyncError `connection`, TlsFailure among them, or the reason of the signal
 */
export async function openSocket(
  { host, tls }: Endpoint,
  settings: ConnectionSettings,
  { material, signal }: { readonly material: TlsMaterial; readonly signal: AbortSignal },
): Promise<OpenSocket> {
  const socket = await dial(host, settings.keepAlive, signal);
  if (tls === 'never') return { socket, encrypted: false };
  const secured = await negotiateTls(socket, { host, settings: settings.tls, material, signal });
  if (secured !== undefined) return { socket: secured, encrypted: true };
  if (tls === 'offered') return { socket, encrypted: false };
  socket.destroy();
  throw new OrdersyncError(
    'connection',
    `the server at ${addressOf(host)} has no TLS, and sslmode=${settings.tls.mode} needs it`,
    {
      hint: 'switch ssl on at the server, or allow plain text by sslmode=disable where the network is trusted',
    },
  );
}
