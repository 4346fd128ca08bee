import type { ChunkCounts, ChunkRow } from './chunk-queries.ts';
import { readRelation } from './relation-queries.ts';
import type { Claims } from './claim.ts';
import { cutRange, rangeOfPages, readLayout, readStripes } from './read-stripes.ts';
import type { RowJob, Target } from './row-job.ts';
import { readerOf, targetOf, whileItStands } from './row-job.ts';
import type { Stripe } from './stripe.ts';

/** A claimed chunk, and what was done of it. */
export interface OpenChunk {
  readonly chunk: ChunkRow;
  counts: ChunkCounts;
  /** Some row of it is locked for long: the rest of it does not wait for such rows. */
  leaveLocked: boolean;
}

/** As much of a chunk as is read at once: most often all of it. */
export interface Portion {
  readonly open: OpenChunk;
  readonly target: Target | undefined;
  readonly stripes: Stripe[];
  /** How much of the chunk's pages this is, 0 to 1. */
  readonly share: number;
  readonly last: boolean;
}

/** Claims chunk after chunk and reads them, until none is open or the signal aborts. */
export async function* readPortions(
  job: RowJob,
  claims: Claims,
  opened: (open: OpenChunk) => void,
): AsyncGenerator<Portion, void, void> {
  while (!job.signal.aborted) {
    const chunk = await claims.next();
    if (chunk === undefined) return;
    const open = { chunk, counts: { rows: 0, values: 0 }, leaveLocked: false };
    opened(open);
    yield* readChunk(job, open);
  }
}

async function* readChunk(job: RowJob, open: OpenChunk): AsyncGenerator<Portion, void, void> {
  const { chunk } = open;
  const nothing: Portion = { open, target: undefined, stripes: [], share: 1, last: true };
  const table = job.request.tables.find(({ table }) => table.name === chunk.table);
  const relation = await readRelation(job.control, chunk);
  if (table === undefined || relation === undefined || !relation.belongs) {
    job.say(`${chunk.relation} is no longer part of ${chunk.table}: its pages are passed over`);
    yield nothing;
    return;
  }
  const target = targetOf(table, relation.name);
  const reader = readerOf(job, target);
  const range = rangeOfPages(chunk.firstPage, chunk.endPage);
  const plan = await whileItStands(job, relation.name, async () => ({
    layout: await readLayout(reader, chunk),
    ranges: await cutRange(reader, range, relation.toasted),
  }));
  if (job.signal.aborted) return;
  const ranges = plan?.ranges ?? [];
  if (plan === undefined || ranges.length === 0) {
    yield nothing;
    return;
  }
  for (const [index, part] of ranges.entries()) {
    const stripes = await whileItStands(job, relation.name, async () => readStripes(reader, part, plan.layout));
    if (job.signal.aborted) return;
    yield {
      open,
      target,
      stripes: stripes ?? [],
      share: 1 / ranges.length,
      last: index === ranges.length - 1,
    };
  }
}
