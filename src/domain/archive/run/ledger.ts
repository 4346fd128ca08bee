import type { Session } from '../../../db/session.ts';
import { inTransaction } from '../../../db/transaction.ts';
import type { ManifestLedger } from '../manifest/adopt.ts';
import { canonicalJson } from '../manifest/canonical.ts';
import { setSigned } from '../rewrap/journal-queries.ts';
import { advanceHead, insertManifest, readHeadRow, verifyEntry } from './ledger-queries.ts';

/**
 * The manifests as the database keeps them. With the manifest of an export its journal entry goes on, in one transaction:
 * whoever takes over what a killed run stored moves the journal too. So it is with a rewrap and its own journal.
 */
export function createLedger(session: Session, location: string): ManifestLedger {
  return {
    readHead: async () => readHeadRow(session.sql),
    advance: async (signed, from) =>
      inTransaction(session, async () => {
        const { sequence } = signed.manifest;
        if (!(await advanceHead(session.sql, { sequence, digest: signed.digest }, from))) return false;
        await insertManifest(session.sql, signed, { canonical: canonicalJson(signed.manifest), location });
        if (signed.manifest.supersedes === undefined) await verifyEntry(session.sql, signed.manifest);
        else await setSigned(session.sql, signed.manifest.supersedes.sequence, sequence);
        return true;
      }),
  };
}
