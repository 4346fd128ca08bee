import type { ChunkCounts, ChunkRow } from './chunk-queries.ts';
import { readRelation } from './relation-queries.ts';
import type { Claims } from './claim.ts';
import { countReads, rangeOfPages, stripedPlaces } from './places.ts';
import { cutRange, readLayout, readStripes } from './read-stripes.ts';
import type { RowJob, Target } from './row-job.ts';
import { readerOf, targetOf, whileItStands } from './row-job.ts';
import type { Stripe } from './stripe.ts';

/** A claimed chunk, and what was done of it. */
export interface OpenChunk {
  readonly chunk: ChunkRow;
  counts: ChunkCounts;
  /** Some row of it is locked for long: the rest of it does not wait for such rows. */
  leaveLocked: boolean;
  /** The relation was dropped while it was worked on. */
  gone: boolean;
}

/** One read of a chunk. */
export interface ChunkRead {
  readonly open: OpenChunk;
  /** What was found, if anything, and how it is to be written. */
  readonly found: { readonly target: Target; readonly stripe: Stripe; readonly statementRows: number } | undefined;
  /** How much of the chunk's pages this is, 0 to 1. */
  readonly share: number;
  /** Nothing of the chunk comes after it. */
  readonly last: boolean;
}

/** Claims chunk after chunk and reads them, until none is open or the signal aborts. */
export async function* readChunks(
  job: RowJob,
  claims: Claims,
  opened: (open: OpenChunk) => void,
): AsyncGenerator<ChunkRead, void, void> {
  while (!job.signal.aborted) {
    const chunk = await claims.next();
    if (chunk === undefined) return;
    const open = { chunk, counts: { rows: 0, values: 0 }, leaveLocked: false, gone: false };
    opened(open);
    const share = yield* readChunk(job, open);
    if (job.signal.aborted) return;
    yield { open, found: undefined, share, last: true };
  }
}

/** @returns how much of the chunk's pages it had no read for */
async function* readChunk(job: RowJob, open: OpenChunk): AsyncGenerator<ChunkRead, number, void> {
  const { chunk } = open;
  const table = job.request.tables.find(({ table }) => table.name === chunk.table);
  const relation = await readRelation(job.control, chunk);
  if (table === undefined || relation === undefined || !relation.belongs) {
    job.say(`${chunk.relation} is no longer part of ${chunk.table}: its pages are passed over`);
    return 1;
  }
  const target = targetOf(table, relation.name);
  const reader = readerOf(job, target);
  const whole = rangeOfPages(chunk.firstPage, chunk.endPage);
  const plan = await whileItStands(job, relation.name, async () => ({
    layout: await readLayout(reader, chunk),
    ranges: await cutRange(reader, whole, relation.toasted),
  }));
  if (plan === undefined) return 1;
  const { layout, ranges } = plan;
  const reads = ranges.reduce((sum, range) => sum + countReads(range, layout), 0);
  let done = 0;
  for (const range of ranges) {
    for (const places of stripedPlaces(range, layout)) {
      if (job.signal.aborted || open.gone) return 0;
      const stripes = await whileItStands(job, relation.name, async () => readStripes(reader, places));
      if (stripes === undefined) return 1 - done / reads;
      const [stripe] = stripes;
      const found = stripe === undefined ? undefined : { target, stripe, statementRows: layout.statementRows };
      yield { open, found, share: 1 / reads, last: false };
      done += 1;
    }
  }
  return reads === 0 ? 1 : 1 - done / reads;
}
