import type { Session } from '../../db/session.ts';
import { simpleText, simpleTexts } from '../../db/text.ts';
import { limitStatements } from '../../db/transaction.ts';
import type { ProbedTable } from './row-security-queries.ts';
import {
  becomeApplication,
  becomeOneself,
  readCustomers,
  readProbed,
  seesForeignRow,
  seesOwnOrders,
} from './row-security-queries.ts';

/** What the application sees for one user, or for nobody. */
export interface ProbedIdentity {
  /** 1 and 2 are users with orders, 0 is nobody. */
  readonly user: 0 | 1 | 2;
  /** Tables with a row that is not this user's. */
  readonly leaks: readonly ProbedTable[];
  /** Undefined for nobody. */
  readonly ownOrders: boolean | undefined;
}

export interface Probe {
  readonly tables: readonly ProbedTable[];
  readonly identities: readonly ProbedIdentity[];
}

/**
 * Acts as the application for two users and for nobody, and looks for rows that it must not see. Read-only, and rolled back to
 * a savepoint: nothing stays of the role and the settings, nor of what a function in a policy may do (NOTIFY, set_config). The
 * transaction itself is committed, because a rollback would be counted among those of the application.
 */
export async function probeRowSecurity(session: Session, limitMs: number): Promise<Probe> {
  const limits = [limitStatements(limitMs), 'set local lock_timeout = 200'];
  await simpleTexts(session, ['begin read only', ...limits, 'savepoint oneself']);
  try {
    await simpleText(session, 'set local row_security = off');
    const tables = await readProbed(session.sql);
    const customers = tables.includes('orders') ? await readCustomers(session.sql) : [];
    const identities: ProbedIdentity[] = [];
    for (const [index, user] of [null, ...customers].entries()) {
      identities.push({ user: index as 0 | 1 | 2, ...(await probe(session, tables, user)) });
    }
    return { tables, identities };
  } finally {
    if (!session.lost) await simpleTexts(session, ['rollback to savepoint oneself', 'commit']);
  }
}

async function probe(
  session: Session,
  tables: readonly ProbedTable[],
  user: string | null,
): Promise<Pick<ProbedIdentity, 'leaks' | 'ownOrders'>> {
  await becomeApplication(session, user);
  const leaks: ProbedTable[] = [];
  for (const table of tables) if (await seesForeignRow(session, table, user)) leaks.push(table);
  const ownOrders = user === null || !tables.includes('orders') ? undefined : await seesOwnOrders(session, user);
  await becomeOneself(session);
  return { leaks, ownOrders };
}
