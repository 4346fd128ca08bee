import type { OrdersyncError } from '../../errors.ts';
import type { Sql } from '../session.ts';
import { createTagger } from '../tag.ts';
import type { Driver } from './driver.ts';

/** What is used of a query of postgres.js 3.4.9 (src/query.js) beyond its types. */
interface DriverQuery extends Promise<unknown> {
  /** The driver asks `onexecute` whether another query may be sent before this one has its answer; it ignores `asWritten`. */
  options: { onexecute?: () => boolean; asWritten?: boolean };
  /** The text between the parameters; put together when the query is sent. */
  strings: readonly string[];
  handler: (query: DriverQuery) => void;
  canceller: unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  cursor: (...args: unknown[]) => unknown;
}

export interface Pinned {
  readonly sql: Sql;
  /** Queries that were sent or queued and have no answer yet. */
  readonly pending: number;
  /**
   * From now on each query waits for the answer of the one before. Behind a transaction pooler it has to: the first half of
   * a query (Parse, Describe, Flush) that reaches PgBouncer 1.18 before the previous one is ready goes to a server that is
   * then given to somebody else, and its answer never comes.
   */
  stopPipelining(): void;
  /** Rejects every pending and every later query. */
  fail(loss: OrdersyncError): void;
}

/**
 * postgres.js' `sql`, with every query tagged as this program's own, unless it is to be sent as written, and followed from
 * start to end. When the connection is lost postgres.js rejects what it
 * has sent but leaves what waits in its queue (beyond max_pipeline) unanswered for ever: here each gets its error.
 */
export function pin(driver: Driver): Pinned {
  const pending = new Set<DriverQuery>();
  let loss: OrdersyncError | undefined;
  let pipelining = true;
  const tagged = createTagger();
  const refuse = (query: DriverQuery, error: OrdersyncError): void => {
    // Whoever awaits the query hears of it. Those that nobody awaits must not end the process one by one: the session
    // is lost as a whole, and the next query says so.
    void Promise.prototype.then.call(query, undefined, () => {});
    query.reject(error);
  };
  const follow = <T>(created: T): T => {
    if (!isQuery(created)) return created;
    const send = created.handler;
    created.handler = (query) => {
      if (loss !== undefined) return refuse(query, loss);
      if (!pipelining) query.options.onexecute = sendNothingMore;
      if (query.options.asWritten !== true) query.strings = tagged(query.strings);
      pending.add(query);
      forgetWhenSettled(query, pending);
      send(query);
    };
    created.canceller = refuseCancel;
    guardCursor(created, pending, () => loss);
    return created;
  };
  const call = (first: never, ...rest: never[]): unknown =>
    follow((driver as (...args: never[]) => unknown)(first, ...rest));
  const sql = Object.assign(call, {
    types: driver.types,
    typed: driver.typed,
    array: (...args: Parameters<Sql['array']>) => driver.array(...args),
    json: (...args: Parameters<Sql['json']>) => driver.json(...args),
    // oxlint-disable-next-line no-restricted-properties -- this is the door that src/db/text.ts goes through
    unsafe: (...args: Parameters<Sql['unsafe']>) => follow(driver.unsafe(...args)),
    file: (...args: Parameters<Sql['file']>) => follow(driver.file(...args)),
    notify: (channel: string, payload: string) => follow(driver`select pg_notify(${channel}, ${payload})`),
  }) as unknown as Sql;
  return {
    sql,
    get pending() {
      return pending.size;
    },
    stopPipelining: () => {
      pipelining = false;
    },
    fail: (error) => {
      loss ??= error;
      for (const query of pending) refuse(query, loss);
      pending.clear();
    },
  };
}

function isQuery(value: unknown): value is DriverQuery {
  return value instanceof Promise && 'handler' in value && 'canceller' in value;
}

function forgetWhenSettled(query: DriverQuery, pending: Set<DriverQuery>): void {
  const { resolve, reject } = query;
  query.resolve = (value) => {
    pending.delete(query);
    resolve(value);
  };
  query.reject = (error) => {
    pending.delete(query);
    reject(error);
  };
}

function sendNothingMore(): boolean {
  return false;
}

/** The driver's own would open a second connection for the request, and end the process when it cannot. */
function refuseCancel(): never {
  throw new Error('cancel a pinned session by session.cancel(), not by its query');
}

/**
 * The driver's cursor takes a connection lost between two fetches for the end of the rows. It also replaces the query's
 * resolve at each fetch, so the cursor itself has to tell when it is through.
 */
function guardCursor(query: DriverQuery, pending: Set<DriverQuery>, lossNow: () => OrdersyncError | undefined): void {
  const open = query.cursor.bind(query);
  query.cursor = (...args) => {
    const opened = open(...args);
    if (opened === query) return query;
    return { [Symbol.asyncIterator]: () => guardIterator((opened as AsyncIterable<unknown>)[Symbol.asyncIterator]()) };
  };
  async function nextOf(inner: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
    try {
      return await inner.next();
    } catch (error) {
      pending.delete(query);
      throw error;
    }
  }
  function guardIterator(inner: AsyncIterator<unknown>): AsyncIterator<unknown> {
    return {
      next: async () => {
        const step = await nextOf(inner);
        if (!step.done) return step;
        pending.delete(query);
        const loss = lossNow();
        if (loss !== undefined) throw loss;
        return step;
      },
      return: async () => {
        await inner.return?.();
        pending.delete(query);
        return { done: true, value: undefined };
      },
    };
  }
}
