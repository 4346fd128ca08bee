import type { Writable } from 'node:stream';
import { quoteIdentifier, quoteQualified } from './identifiers.ts';
import type { Session } from './session.ts';
import { simpleText } from './text.ts';

export interface CopyTarget {
  readonly table: string;
  /** Where the search path would not find it. */
  readonly schema?: string | undefined;
  readonly columns: readonly string[];
  /** Default: text. */
  readonly format?: 'text' | 'binary';
}

/** One running COPY … FROM STDIN. Nothing else may be sent on its session until it has ended. */
export interface CopyIn {
  /** Hands over whole or partial lines or rows; resolves when there is room for more. Rejects with what the server said. */
  write(piece: Buffer): Promise<void>;
  /** Ends the data. @returns how many rows the server stored @throws PostgresError of a constraint or a line */
  finish(): Promise<number>;
  /** Gives up: the server discards the rows, and the transaction has failed. Never throws. */
  abandon(): Promise<void>;
}

/** What waits in this process for the socket. The kernel's own buffers come on top, and keep the server busy. */
const WAITING_BYTES = 256 * 1024;

/** What is used of a query of postgres.js 3.4.9 that runs COPY. */
interface CopyQuery extends Promise<{ readonly count: number }> {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Starts a COPY. postgres.js resolves the query with a stream, resolves it again when the server is through, and rejects it
 * when the server refuses. It drops the last two, so that a row refused after the end of the data (a unique index, a foreign
 * key) leaves its stream waiting for ever, or lets the next statement's success finish it. Here both are heard.
 *
 * @throws PostgresError when the table or a column is not there, or may not be written
 */
export async function startCopyIn(session: Pick<Session, 'sql'>, target: CopyTarget): Promise<CopyIn> {
  const columns = target.columns.map(quoteIdentifier).join(', ');
  const into = quoteQualified({ schema: target.schema, name: target.table });
  const query = simpleText(session, `copy ${into} (${columns}) from stdin (format ${target.format ?? 'text'})`);
  const { stream, outcome } = await begin(query as unknown as CopyQuery); // the driver's own class, beyond its types
  return {
    write: async (piece) => {
      if (!stream.destroyed) stream.write(piece);
      if (stream.destroyed || stream.writableLength > WAITING_BYTES) await roomIn(stream);
      if (stream.destroyed) await outcome;
    },
    finish: async () => {
      if (!stream.destroyed) stream.end();
      return (await outcome).count;
    },
    abandon: async () => {
      // The text of the error is what the server writes into its log.
      stream.destroy(new Error('given up by the client'));
      await outcome.catch(() => undefined);
    },
  };
}

interface Started {
  readonly stream: Writable;
  readonly outcome: Promise<{ readonly count: number }>;
}

function begin(query: CopyQuery): Promise<Started> {
  const { resolve, reject } = query;
  const outcome = Promise.resolve(query);
  return new Promise((start, refuse) => {
    query.resolve = (value) => {
      query.resolve = resolve;
      const stream = value as Writable; // the first answer to COPY FROM STDIN is the driver's stream
      // The same error rejects the outcome; without a listener the stream's would end the process.
      stream.on('error', () => undefined);
      start({ stream, outcome });
    };
    query.reject = reject;
    // Heard by whoever awaits the outcome; until then it must not count as unhandled.
    outcome.catch(refuse);
  });
}

function roomIn(stream: Writable): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
