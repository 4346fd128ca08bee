import { createHash } from 'node:crypto';
import type { Session } from '../../../db/session.ts';
import type { ArchiveSource, Content } from './content.ts';
import { isEncrypted } from './key-ids.ts';
import { requireOrder } from './kinds.ts';
import { readKeyIds, readLeaves, type LeafRow } from './queries.ts';
import { isoOfMicros, isoOfSeconds, timeOutOfRange } from './time.ts';

/**
 * The content of a source as PostgreSQL alone computes it: only leaves leave the server. Runs in the caller's transaction;
 * two statements, so one that is not repeatable read has to hold the rows still by a lock.
 */
export async function contentInDatabase(session: Session, source: ArchiveSource): Promise<Content> {
  const proven = await rootInDatabase(session, source);
  const encrypted = source.columns.map(({ name }) => name).filter(isEncrypted);
  const keyIds = await readKeyIds(session, source, encrypted);
  return { ...proven, keyIds: Object.fromEntries(keyIds.map(({ kid, values }) => [kid, Number(values)])) };
}

/** All of it that a proof needs, in one statement and one pass over the rows. */
export async function rootInDatabase(session: Session, source: ArchiveSource): Promise<Omit<Content, 'keyIds'>> {
  requireOrder(source);
  const leaves = await readLeaves(session, source);
  const root = createHash('sha256');
  for (const { digest } of leaves) root.update(digest, 'hex');
  return {
    rows: leaves.reduce((sum, { rows }) => sum + Number(rows), 0),
    minTime: timeOf(leaves[0]?.first),
    maxTime: timeOf(leaves.at(-1)?.last),
    leaves: leaves.map((leaf) => ({ hour: hourOf(source, leaf), rows: Number(leaf.rows), sha256: leaf.digest })),
    root: root.digest('hex'),
  };
}

function hourOf({ timeColumn }: ArchiveSource, { hour }: LeafRow): string | null {
  if (timeColumn === undefined) return null;
  return isoOfSeconds(integerOf(hour?.replace(/\.0+$/, '')));
}

function timeOf(micros: string | null | undefined): string | null {
  return micros === null || micros === undefined ? null : isoOfMicros(integerOf(micros));
}

/** Infinity and null have no digits. */
function integerOf(text: string | null | undefined): bigint {
  if (text === null || text === undefined || !/^-?[0-9]+$/.test(text)) throw timeOutOfRange();
  return BigInt(text);
}
