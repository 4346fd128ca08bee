import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { paced } from '../paced.ts';
import { sampleOf } from '../verify/decrypt-sample.ts';
import { checkContent, checkPresence } from '../verify/files.ts';
import type { Finding } from '../verify/finding.ts';
import type { RewrapRun } from './needs.ts';

/** Rows of each table whose values are decrypted from the bytes of the store, by OpenSSL, one by one. */
const SAMPLE_ROWS = 200;

/** What is known of new files before and after they are signed. */
export type ProvableFiles = Pick<Manifest, 'table' | 'month' | 'sources'> & {
  readonly supersedes: Pick<NonNullable<Manifest['supersedes']>, 'sources'>;
};

export interface Proof {
  readonly files: ProvableFiles;
  /** Look at what still is in the old files, too: later these may be gone. */
  readonly all: boolean;
  /** The keys that the values were encrypted under. */
  readonly kids: readonly string[];
}

/**
 * Fetches every byte of the files that hold rewrapped rows: sizes and digests, the root of every hour, what no key changes, and
 * that a sample of the new values can be decrypted with the keys that this database has now.
 * @throws OrdersyncError `unhealthy` naming what is wrong with them
 */
export async function* proveFiles(run: RewrapRun, proof: Proof): Work<void> {
  const { location } = run.store;
  const { table, month } = proof.files;
  yield { kind: 'phase', message: `${table} ${month}: reading back from ${location}` };
  const findings = yield* findFaults(run, proof);
  if (findings.length === 0) return;
  throw new OrdersyncError('unhealthy', `${location} does not hold what was sent for ${table} ${month}`, {
    body: findings
      .slice(0, 20)
      .map(({ place, hour, message }) => `${place}${hour === undefined ? '' : ` ${hour}`}: ${message}`),
    hint: 'no old file was removed; check the store, then run the command again',
    facts: { reason: 'lying_store', location, findings: findings.map(({ fault, place }) => ({ fault, place })) },
  });
}

async function* findFaults({ ctx, store, keys }: RewrapRun, { files, all, kids }: Proof): Work<readonly Finding[]> {
  const { table, month, supersedes } = files;
  const wanted = files.sources.flatMap((source, index) => {
    const unchanged = supersedes.sources[index]?.unchanged;
    return unchanged == null && !all ? [] : [{ sequence: 0, source, unchanged }];
  });
  const sources = wanted.map(({ source }) => source);
  const sample = await sampleOf({ sequence: 0, sources }, { rows: SAMPLE_ROWS, databaseKeys: keys, kids });
  const total = sources.flatMap((source) => source.files).reduce((sum, { bytes }) => sum + bytes, 0);
  const found = yield* paced(
    ctx,
    async (advance) => {
      const findings: Finding[] = [];
      const needs = { store, signal: ctx.signal, advance };
      for (const one of wanted) {
        const absent = await checkPresence(needs, one);
        const each = sample.watch(one.source);
        findings.push(...(absent.length > 0 ? absent : await checkContent(needs, { ...one, each })));
      }
      return findings;
    },
    (done) => ({ kind: 'progress', label: `${table} ${month}: read back`, done, total, unit: 'bytes' }),
  );
  return [...found, ...sample.verdict().findings];
}
