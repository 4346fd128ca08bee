import type { Context, Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { DataKeyRow } from '../../encryption/queries.ts';
import { inSnapshotOfAllRows } from '../all-rows.ts';
import type { ColumnUsage } from '../usage.ts';
import { countValues, valuesUnder } from '../usage.ts';
import type { Sample } from '../verify/verify.ts';
import { verifyValues } from '../verify/verify.ts';
import type { Finding } from '../verify/finding.ts';
import { pendingOf } from './pending.ts';
import type { RotationTable } from './types.ts';

export interface ProofRequest {
  readonly tables: readonly RotationTable[];
  /** All of the database: a value of this type may be under a key of another one by mistake. */
  readonly dataKeys: readonly DataKeyRow[];
  readonly to: DataKeyRow;
  /** Undefined decrypts everything. */
  readonly sample: Sample | undefined;
}

export interface Proof {
  /** Values under the new key, by table: all of the type when nothing is against it. */
  readonly values: readonly { readonly table: string; readonly values: number }[];
  /** Values of the type that are not under the new key, and values anywhere that still need an older key of the type. */
  readonly against: readonly ColumnUsage[];
  /** What OpenSSL decrypted, and could not. */
  readonly verified: { readonly rows: number; readonly values: number; readonly sampled: boolean };
  readonly findings: readonly Finding[];
}

export function isProven({ against, findings }: Proof): boolean {
  return against.length === 0 && findings.length === 0;
}

/**
 * Shows that nothing needs the older keys any more: every registered table counted in one snapshot, and the values decrypted
 * by OpenSSL, which shares nothing with what wrote them. Stops after the count when that speaks against it.
 */
export async function* prove(
  ctx: Pick<Context, 'keys' | 'signal'>,
  session: Session,
  { tables, dataKeys, to, sample }: ProofRequest,
): Work<Proof> {
  yield { kind: 'phase', message: 'counting every encrypted value in one snapshot' };
  const usage = yield* inSnapshotOfAllRows(session, () => countValues(session, dataKeys));
  const older = dataKeys.filter(({ keyType, status }) => keyType === to.keyType && status === 'ROTATING');
  const against = [
    ...new Set([
      ...tables.flatMap((table) => pendingOf(usage, table, to.keyId, to.material?.kid)),
      ...older.flatMap((key) => valuesUnder(key, usage)),
    ]),
  ];
  const values = tables.map(({ table }) => ({
    table: table.name,
    values: valuesUnder(to, usage)
      .filter((row) => row.table === table.name)
      .reduce((sum, row) => sum + row.values, 0),
  }));
  if (against.length > 0) return { values, against, verified: { rows: 0, values: 0, sampled: false }, findings: [] };
  yield { kind: 'phase', message: `decrypting ${sample === undefined ? 'every value' : 'a sample'} with OpenSSL` };
  const names = tables.map(({ table }) => table.name);
  const verification = yield* verifyValues(ctx, session, { tables: names, sample, hashes: false });
  const decrypted = verification.tables.reduce((sum, table) => sum + table.values, 0);
  return {
    values,
    against,
    verified: {
      rows: verification.tables.reduce((sum, { rows }) => sum + rows, 0),
      values: decrypted,
      // A sample of small tables is all of them.
      sampled: decrypted < values.reduce((sum, table) => sum + table.values, 0),
    },
    findings: verification.findings,
  };
}
