/** A query of postgres.js. */
interface Query extends PromiseLike<unknown> {
  execute(): unknown;
}

/**
 * Sends queries at once and in order; resolves when all are answered, rejects with the first rejection.
 *
 * A query of postgres.js is lazy, and how soon it is sent depends on who asks: `.then` sends in this microtask, `await` and
 * Promise.all one later. Statements of one pipeline that are sent in different ways overtake each other: a COMMIT went out
 * before the row it was to commit.
 */
export function sendNow<const Queries extends readonly Query[]>(
  ...queries: Queries
): Promise<{ -readonly [Index in keyof Queries]: Awaited<Queries[Index]> }> {
  for (const query of queries) query.execute();
  return Promise.all(queries);
}
