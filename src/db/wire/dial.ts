import { connect, type Socket } from 'node:net';
import { OrdersyncError } from '../../errors.ts';
import { describeServerError } from '../server-error.ts';
import { addressOf, isSocketFolder, type ConnectionSettings, type HostSettings } from '../settings/types.ts';
import { exchange } from './listen.ts';

/** How long one address of a name may take before the next is tried beside it: IPv6 that leads nowhere is common. */
const NEXT_ADDRESS_MS = 1000;

/**
 * Opens a TCP or Unix socket.
 * @throws OrdersyncError `connection`, or the reason of `signal` when it aborts first
 */
export async function dial(
  host: HostSettings,
  keepAlive: ConnectionSettings['keepAlive'],
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect(targetOf(host));
  await exchange<void>(socket, {
    signal,
    listeners: (resolve, reject) => ({
      connect: () => resolve(),
      error: (error: NodeJS.ErrnoException) => reject(describe(error, host)),
    }),
  });
  socket.setNoDelay(true);
  if (keepAlive.enabled) socket.setKeepAlive(true, keepAlive.idleMs);
  return socket;
}

function targetOf({ host, address, port }: HostSettings) {
  if (!isSocketFolder(host)) {
    return { host: address ?? host, port, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS };
  }
  const path = `${host}/.s.PGSQL.${port}`;
  // Linux's abstract namespace: a leading zero byte, written @ by libpq.
  return { path: path.startsWith('@') ? `\0${path.slice(1)}` : path };
}

function describe(error: NodeJS.ErrnoException, host: HostSettings): OrdersyncError {
  const address = isSocketFolder(host.host) ? `${host.host}/.s.PGSQL.${host.port}` : addressOf(host);
  const described = describeServerError(error, { address });
  if (described !== undefined) return described;
  return new OrdersyncError('connection', `cannot connect to ${address}: ${error.code ?? 'unknown error'}`, {
    cause: error,
  });
}
