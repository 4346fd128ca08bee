import { once } from 'node:events';
import type { ConnectionSettings, HostSettings } from '../settings/types.ts';
import { openSocket } from './open-socket.ts';
import type { TlsMaterial } from './tls-material.ts';

/** Who to cancel: BackendKeyData, as the server (or a pooler in its place) gave it at the start. */
export interface BackendKey {
  readonly pid: number;
  readonly secret: number;
}

export interface CancelTarget {
  readonly host: HostSettings;
  readonly encrypted: boolean;
  readonly settings: ConnectionSettings;
  readonly material: TlsMaterial;
  readonly key: BackendKey;
}

const CANCEL_PATIENCE_MS = 5000;

/**
 * Sends CancelRequest on a connection of its own and waits until the server has closed it, which it does without an
 * answer. Never throws: cancelling asks, and whether the statement stopped shows at the statement itself.
 */
export async function sendCancel(target: CancelTarget): Promise<void> {
  const { host, encrypted, settings, material, key } = target;
  const signal = AbortSignal.timeout(CANCEL_PATIENCE_MS);
  try {
    const { socket } = await openSocket({ host, tls: encrypted ? 'required' : 'never' }, settings, {
      material,
      signal,
    });
    // A server that closes at once may reset the connection; the request has arrived all the same.
    socket.on('error', () => {}).resume();
    signal.addEventListener('abort', () => socket.destroy());
    const closed = once(socket, 'close');
    // Not `end`: PgBouncer forgets a request whose sender says goodbye before it has passed it on. libpq waits too.
    socket.write(cancelRequest(key));
    await closed;
  } catch (error) {
    // The server cannot be reached: then neither can the session, and its own queries report that.
    if (!(error instanceof Error)) throw error;
  }
}

/** Length 16, code 1234.5678, process id, secret key. Source: protocol 3.0, "CancelRequest". */
function cancelRequest({ pid, secret }: BackendKey): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80_877_102, 4);
  message.writeUInt32BE(pid, 8);
  message.writeUInt32BE(secret, 12);
  return message;
}
