import type { Socket } from 'node:net';
import { OrdersyncError } from '../../errors.ts';
import { describeServerError } from '../server-error.ts';
import type { Link, Receiver } from '../session.ts';
import { notPostgres } from './not-postgres.ts';
import { findFatal, readGreeting } from './server-message.ts';
import { SocketFacade } from './socket-facade.ts';

/** The message Terminate. */
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);
/** The server answers Terminate by closing; one that does not must not hold up the end of a command. */
const CLOSE_PATIENCE_MS = 2000;

/** One connected socket: watches over it, and says once why it is gone. */
export interface Connection {
  /** What postgres.js gets for a socket. */
  readonly facade: SocketFacade;
  readonly loss: OrdersyncError | undefined;
  /** Cuts the connection; every waiting query gets `reason`, unless it was lost before. Returns what they got. */
  cut(reason: OrdersyncError): OrdersyncError;
  /** From now on what the server sends goes to the receiver, and no longer to postgres.js. */
  divert(receiver: Receiver): Link;
  /** Says good-bye and waits until the socket is closed. */
  end(reason: OrdersyncError): Promise<void>;
}

export interface ConnectionRequest {
  readonly socket: Socket;
  readonly address: string;
  /** Called once, before postgres.js hears of it. */
  readonly onLoss: (loss: OrdersyncError) => void;
}

export function superviseSocket({ socket, address, onLoss }: ConnectionRequest): Connection {
  let loss: OrdersyncError | undefined;
  let tail: Buffer | undefined;
  let receiver: Receiver | undefined;
  const lose = (reason: OrdersyncError): void => {
    if (loss !== undefined) return;
    loss = reason;
    onLoss(reason);
    facade.lose(reason);
    receiver?.lost(reason);
  };
  const cut = (reason: OrdersyncError): OrdersyncError => {
    lose(reason);
    socket.destroy();
    return loss ?? reason;
  };
  const facade = new SocketFacade(socket, (error) => cut(describeLoss(tail, address, error)));
  socket.on('data', (chunk: Buffer) => {
    if (receiver !== undefined) return receiver.data(chunk);
    const refusal = tail === undefined ? refuseGreeting(chunk, address) : undefined;
    tail = chunk;
    if (refusal === undefined) facade.receive(chunk);
    else cut(refusal);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => cut(describeLoss(tail, address, error)));
  socket.on('end', () => cut(describeLoss(tail, address)));
  socket.on('close', () => lose(describeLoss(tail, address)));
  socket.resume();
  return {
    facade,
    get loss() {
      return loss;
    },
    cut,
    divert: (to) => {
      receiver = to;
      if (loss !== undefined) to.lost(loss);
      return {
        send: (message) => void socket.write(message),
        pause: () => void socket.pause(),
        resume: () => void socket.resume(),
        cut,
      };
    },
    end: (reason) => {
      lose(reason);
      return hangUp(socket);
    },
  };
}

function refuseGreeting(chunk: Buffer, address: string): OrdersyncError | undefined {
  const greeting = readGreeting(chunk);
  if (greeting === 'postgres') return undefined;
  if (greeting === 'unknown') return notPostgres(address);
  return new OrdersyncError(
    'not_enabled',
    `the server at ${address} asks for ${greeting.unsupported} authentication, which is not supported`,
    {
      hint: 'supported are SCRAM-SHA-256, MD5, password, certificate, peer and trust: pg_hba.conf decides',
    },
  );
}

/** The server's own last words when it had any; otherwise that it hung up. */
function describeLoss(tail: Buffer | undefined, address: string, cause?: NodeJS.ErrnoException): OrdersyncError {
  const fatal = tail && findFatal(tail);
  if (fatal !== undefined) {
    return new OrdersyncError('connection', `the server closed the connection: ${fatal.message}`, {
      hint: 'work that was not committed is rolled back; run the command again once the server accepts connections',
      sqlstate: fatal.sqlstate,
      facts: { address },
    });
  }
  if (tail === undefined) return notPostgres(address, 'closed the connection without an answer', cause);
  const why = cause && describeServerError(cause, { address });
  return new OrdersyncError(
    'connection',
    `the server closed the connection${why === undefined ? '' : `: ${why.message}`}`,
    {
      hint: 'work that was not committed is rolled back; see the log of the server, then run the command again',
      facts: { address },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function hangUp(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), CLOSE_PATIENCE_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end(TERMINATE);
  });
}
