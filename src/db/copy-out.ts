import postgres from 'postgres';
import { OrdersyncError } from '../errors.ts';
import type { Link, Session } from './session.ts';
import { tagged } from './tag.ts';
import { CopyMessages, queryMessage } from './wire/copy-messages.ts';

/** What may wait in this process; beyond it the server waits. Ten chunks of a socket keep both sides busy. */
const WAITING_BYTES = 640 * 1024;

/**
 * Runs `copy … to stdout` and yields what it writes, without the protocol's framing, in pieces of any size. The session is
 * used up: it is closed when the copy has ended, failed or was left, because postgres.js 3.4.9 may never answer again on a
 * connection that did COPY TO (its pull request 1016), and spends as much time on each row as the server does. A piece
 * belongs to the reader.
 *
 * @throws PostgresError what the server said, `connection` when it is lost, the signal's reason when that aborts
 */
export async function* copyOut(
  session: Session,
  query: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  signal.throwIfAborted();
  const inbox = new Inbox();
  const link = session.takeOver({ data: (chunk) => inbox.put(chunk), lost: (loss) => inbox.fail(loss) });
  inbox.regulate(link);
  const messages = new CopyMessages((fields) => new postgres.PostgresError(fields as never)); // its type wants a string
  const abort = (): void => inbox.drop(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    link.send(queryMessage(tagged(query)));
    while (!messages.ended) {
      const piece = messages.strip(await inbox.take());
      if (piece.length > 0) yield piece;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // A server that still has rows to send goes on until it is told to stop.
    if (!messages.ended) await session.cancel();
    link.cut(new OrdersyncError('connection', 'the session was used for a copy'));
  }
}

/** Chunks between the socket, which pushes, and the reader, who pulls. */
class Inbox {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #failure: { readonly reason: unknown } | undefined;
  #link: Pick<Link, 'pause' | 'resume'> | undefined;
  #wake: () => void = () => undefined;

  regulate(link: Pick<Link, 'pause' | 'resume'>): void {
    this.#link = link;
  }

  put(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > WAITING_BYTES) this.#link?.pause();
    this.#wake();
  }

  /** What came before is still handed out: it may be the server's reason. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }

  /** The next `take` throws. */
  drop(reason: unknown): void {
    this.#chunks.length = 0;
    this.#failure = { reason };
    this.#wake();
  }

  async take(): Promise<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#bytes < WAITING_BYTES / 2) this.#link?.resume();
        return chunk;
      }
      if (this.#failure !== undefined) throw this.#failure.reason;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
