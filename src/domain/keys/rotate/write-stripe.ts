import type { Clock } from '../../../context.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import type { Figures } from './figures.ts';
import type { RowStatements } from './row-queries.ts';
import { needsPlace } from './row-queries.ts';
import type { RowSession } from './row-session.ts';
import type { Stripe } from './stripe.ts';
import type { RotationTable } from './types.ts';

export interface StripeWriter {
  readonly session: RowSession;
  readonly table: RotationTable;
  readonly statements: RowStatements;
  readonly keyId: string;
  readonly clock: Clock;
  readonly figures: Pick<Figures, 'retries'>;
  /** 0 ≤ x < 1; spreads repetitions. */
  readonly random: () => number;
}

export interface Written {
  readonly rows: number;
  readonly values: number;
  /** Some rows may have been left out because they are locked. */
  readonly lockedLeftOut: boolean;
}

const ATTEMPTS = 4;
const PAUSE_MS = 40;
/** Another session is in the way; the statement may be repeated. */
const IN_THE_WAY: readonly unknown[] = [SQLSTATE.lockNotAvailable, SQLSTATE.deadlock, SQLSTATE.serializationFailure];

/**
 * Writes the new texts of a stripe in one statement and one transaction. Rows that changed since they were read keep what
 * they have now. A row that stays locked costs the others nothing: they are written without it.
 * @param leaveLocked asks for no lock that somebody holds, from the start
 */
export async function writeStripe(
  writer: StripeWriter,
  { stripe, texts }: { readonly stripe: Stripe; readonly texts: readonly string[] },
  leaveLocked: boolean,
): Promise<Written> {
  const { session, table, statements, keyId, clock, figures, random } = writer;
  const places = needsPlace(table) ? [stripe.places] : [];
  const parameters = [stripe.ids, stripe.versions, keyId, ...texts, ...places];
  let lockedLeftOut = leaveLocked;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const text = lockedLeftOut ? statements.writeUnlocked : statements.write;
      const [row] = await session.run<{ rows: number; values: number }>(text, parameters);
      return { rows: row?.rows ?? 0, values: row?.values ?? 0, lockedLeftOut };
    } catch (error) {
      if (!IN_THE_WAY.includes(sqlstateOf(error))) throw error;
      figures.retries += 1;
      lockedLeftOut = true;
      await clock.sleep(PAUSE_MS * attempt * (0.5 + random()));
    }
  }
  // Left to the sweep, like a row that was changed meanwhile.
  return { rows: 0, values: 0, lockedLeftOut };
}

/** How many rows of a stripe have a new text at all. */
export function renewedRows({ rows }: Stripe, texts: readonly string[], complete: boolean): number {
  if (complete) return rows;
  const columns = texts.map((packed) => packed.split(','));
  let count = 0;
  for (let row = 0; row < rows; row += 1) if (columns.some((fields) => fields[row] !== '')) count += 1;
  return count;
}
