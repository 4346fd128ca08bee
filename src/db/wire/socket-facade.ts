import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { OrdersyncError } from '../../errors.ts';

/**
 * The socket as postgres.js 3.4.9 sees it. It never tells of the end of the connection by `close`, only by one `error`:
 * - on `close` postgres.js forgets the socket and connects again, silently, for whatever is queued;
 * - a write scheduled before, or asked for after it, hits a null and ends the process (its issues 1066, 1154, 1208).
 * Without `close` it keeps this object for ever, and what it still writes is dropped here.
 */
export class SocketFacade extends EventEmitter {
  readonly #socket: Socket;
  readonly #onWriteError: (error: Error) => OrdersyncError;
  #loss: OrdersyncError | undefined;

  /** @param onWriteError learns of a failed write before the socket reports it, and says how it is told */
  constructor(socket: Socket, onWriteError: (error: Error) => OrdersyncError) {
    super();
    this.#socket = socket;
    this.#onWriteError = onWriteError;
    socket.on('drain', () => this.emit('drain'));
  }

  /** Hands on what the server sent. */
  receive(chunk: Buffer): void {
    this.emit('data', chunk);
  }

  /** The connection is gone: running queries and COPY streams of postgres.js end with this error. */
  lose(loss: OrdersyncError): void {
    if (this.#loss !== undefined) return;
    this.#loss = loss;
    if (this.listenerCount('error') > 0) this.emit('error', loss);
  }

  write(chunk: Buffer, callback?: (error?: Error | null) => void): boolean {
    if (this.#loss === undefined) {
      return this.#socket.write(chunk, callback && ((error) => callback(error ? this.#onWriteError(error) : null)));
    }
    callback?.(this.#loss);
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** postgres.js gives up, over a SASL signature that does not fit for example, after it has rejected the query. */
  destroy(): void {
    this.#socket.destroy();
  }
}
