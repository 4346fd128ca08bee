import type { ProgressEvent, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { compareContent } from '../content/compare.ts';
import { contentOfFiles } from '../content/read-back.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import type { ArchiveRun } from './needs.ts';
import { whileWorking } from './while-working.ts';

/**
 * Fetches every byte of an archive from the store and computes from it what its rows are. A store that confirms and keeps
 * something else is found out here.
 * @param what "audit_logs 2025-01"
 * @throws OrdersyncError `unhealthy` naming the file or the hour
 */
export async function* readBack(run: ArchiveRun, what: string, sources: readonly ArchivedSource[]): Work<void> {
  yield { kind: 'phase', message: `${what}: reading back from ${run.store.location}` };
  for (const source of sources) {
    if (source.files.length > 0) yield* readSourceBack(run, what, source);
  }
}

async function* readSourceBack({ ctx, store }: ArchiveRun, what: string, archived: ArchivedSource): Work<void> {
  const state = { rows: 0 };
  const tell = (): ProgressEvent => ({
    kind: 'progress',
    label: `${what}: ${archived.table} read back`,
    done: state.rows,
    total: archived.rows,
    unit: 'rows',
  });
  yield tell();
  const reading = contentOfFiles((key, range) => store.read(key, range), archived, {
    tick: (rows) => {
      ctx.signal.throwIfAborted();
      state.rows = rows;
    },
  });
  const found = yield* whileWorking(
    ctx,
    reading.catch((error: unknown) => {
      throw error instanceof OrdersyncError && error.code === 'unhealthy'
        ? differs(store.location, archived.table, [error.message], error) // gone, cut, or no such file at all
        : error;
    }),
    tell,
  );
  state.rows = found.rows;
  yield tell();
  for (const [index, file] of archived.files.entries()) {
    const read = found.files[index];
    const same = read?.sha256 === file.sha256 && read.bytes === file.bytes && read.rows === file.rows;
    if (!same) throw differs(store.location, file.key, ['its bytes are not those that were sent']);
  }
  const { equal, differing } = compareContent(archived, found);
  if (equal && found.rows === archived.rows) return;
  throw differs(
    store.location,
    archived.table,
    differing.map(({ hour, message }) => `${hour ?? archived.table}: ${message}`),
  );
}

function differs(location: string, what: string, body: readonly string[], cause?: unknown): OrdersyncError {
  return new OrdersyncError('unhealthy', `${location} does not give back what was sent: ${what}`, {
    body,
    hint: 'nothing was dropped; check the store, then run the command again: it exports the month anew',
    facts: { reason: 'lying_store', location },
    ...(cause === undefined ? {} : { cause }),
  });
}
