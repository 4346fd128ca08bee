import type { Session } from '../../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { inTransaction, setLocal } from '../../../db/transaction.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { lonePlacesOf } from './places.ts';
import type { IndexPlace } from './places.ts';
import type { NewHash } from './row-queries.ts';
import { translateHashes, writeHashes } from './row-queries.ts';
import type { ProgressStep } from './state-queries.ts';
import { addIndexProgress } from './state-queries.ts';

/** A hash under the older key, and that of the same value under the newer. */
export interface Translation {
  readonly from: string;
  readonly to: string;
}

export interface Batch {
  readonly place: IndexPlace;
  readonly renewals: readonly NewHash[];
  readonly translations: readonly Translation[];
  /** Kept in the same transaction. */
  readonly progress: Omit<ProgressStep, 'renewed'> | undefined;
}

export interface BatchResult {
  readonly renewed: number;
  readonly translated: number;
  readonly missed: number;
  /** Two rows of one value in a unique column, of which this one is the second. */
  readonly duplicates: readonly NewHash[];
}

/** A row that somebody holds locked is not waited for longer than this; the next pass finds it again. */
const LOCK_TIMEOUT = '2s';

const LOCKED: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlock,
  SQLSTATE.serializationFailure,
]);

/** One transaction; row by row when a row of it is locked or is a duplicate, so that the others go on. */
export async function writeBatch(session: Session, batch: Batch): Promise<BatchResult> {
  try {
    return await tryBatch(session, batch);
  } catch (error) {
    if (!isRows(error)) throw describeServerError(error) ?? error;
  }
  const duplicates: NewHash[] = [];
  let renewed = 0;
  for (const renewal of batch.renewals) {
    const outcome = await tryRow(session, batch.place, renewal);
    if (outcome === 'duplicate') duplicates.push(renewal);
    if (outcome === 'renewed') renewed += 1;
  }
  const rest = await tryBatch(session, { ...batch, renewals: [], translations: [] }, renewed);
  return { ...rest, duplicates, renewed, missed: batch.renewals.length - renewed - duplicates.length };
}

function isRows(error: unknown): boolean {
  return LOCKED.has(sqlstateOf(error)) || sqlstateOf(error) === SQLSTATE.uniqueViolation;
}

async function tryBatch(
  session: Session,
  { place, renewals, translations, progress }: Batch,
  before = 0,
): Promise<BatchResult> {
  return inTransaction(session, async () => {
    await setLocal(session, 'lock_timeout', LOCK_TIMEOUT);
    await setLocal(session, 'row_security', 'off');
    const renewed = renewals.length === 0 ? 0 : await writeHashes(session, place, renewals);
    let translated = 0;
    for (const lone of lonePlacesOf(place.index.purpose)) {
      if (translations.length > 0) translated += await translateHashes(session, lone, translations);
    }
    if (progress !== undefined) await addIndexProgress(session.sql, { ...progress, renewed: before + renewed });
    return { renewed, translated, missed: renewals.length - renewed, duplicates: [] };
  });
}

async function tryRow(
  session: Session,
  place: IndexPlace,
  renewal: NewHash,
): Promise<'renewed' | 'missed' | 'duplicate'> {
  try {
    const { renewed } = await tryBatch(session, {
      place,
      renewals: [renewal],
      translations: [{ from: renewal.previous, to: renewal.hash }],
      progress: undefined,
    });
    return renewed === 1 ? 'renewed' : 'missed';
  } catch (error) {
    if (!isRows(error)) throw describeServerError(error) ?? error;
    return LOCKED.has(sqlstateOf(error)) ? 'missed' : 'duplicate';
  }
}
