import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../../../../src/crypto/secret.ts';
import type { ManifestLedger } from '../../../../src/domain/archive/manifest/adopt.ts';
import type { Head } from '../../../../src/domain/archive/manifest/chain.ts';
import type { Manifest, SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import type { Signer } from '../../../../src/domain/archive/manifest/sign.ts';
import { signerFrom, signManifest } from '../../../../src/domain/archive/manifest/sign.ts';
import type { AppendNeeds, ManifestDraft } from '../../../../src/domain/archive/manifest/write.ts';

export const DATABASE = { systemIdentifier: '7401234567890123456', name: 'ordersync' };

export function newSigner(): Signer {
  return signerFrom(new Secret('data key', randomBytes(32)));
}

/** What a run of this database appends manifests with. */
export function appendNeeds(signer: Signer, tell: AppendNeeds['tell']): AppendNeeds {
  return {
    signer,
    publicKeys: new Map([[signer.id, signer.publicKey]]),
    database: DATABASE,
    clock: { now: () => new Date('2026-03-04T05:06:07.008Z') },
    reach: () => undefined,
    tell,
  };
}

/** An archive of one row an hour. */
export function draftOf(month: string, changes: Partial<ManifestDraft> = {}): ManifestDraft {
  const sha256 = createHash('sha256').update(month).digest('hex');
  return {
    kind: 'month',
    table: 'audit_logs',
    month,
    lower: `${month}-01T00:00:00Z`,
    upper: `${month}-28T00:00:00Z`,
    sources: [
      {
        table: 'audit_logs',
        columns: [{ name: 'id', type: 'uuid', oid: 2950, nullable: false }],
        timeColumn: 'created_at',
        orderedBy: ['created_at', 'id'],
        rows: 2,
        minTime: `${month}-01T00:10:00.000001Z`,
        maxTime: `${month}-01T01:10:00.000001Z`,
        root: sha256,
        leaves: [
          { hour: `${month}-01T00:00:00Z`, rows: 1, sha256 },
          { hour: `${month}-01T01:00:00Z`, rows: 1, sha256 },
        ],
        keyIds: { abcdefgh: 2 },
        files: [{ key: `audit_logs/${month}.parquet`, bytes: 10, sha256, rows: 2 }],
      },
    ],
    schemaVersion: '033',
    database: DATABASE,
    tool: 'ordersync 0.1.0',
    ...changes,
  };
}

/** A whole and genuine chain. */
export function chainOf(signer: Signer, length: number, changes: Partial<ManifestDraft> = {}): SignedManifest[] {
  const chain: SignedManifest[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    chain.push(signed(signer, { sequence, previous: chain.at(-1)?.digest ?? null, ...changes }));
  }
  return chain;
}

export function signed(signer: Signer, changes: Partial<Manifest>): SignedManifest {
  const month = `2025-${String((((changes.sequence ?? 1) - 1) % 12) + 1).padStart(2, '0')}`;
  return signManifest(signer, {
    format: 'ordersync-archive/1',
    sequence: 1,
    previous: null,
    createdAt: '2026-01-02T03:04:05.006Z',
    ...draftOf(month),
    ...changes,
  });
}

/** The database's part of the chain, in memory; what it kept survives what `failing` does. */
export function memoryLedger(kept: SignedManifest[] = []): ManifestLedger & {
  readonly kept: SignedManifest[];
  /** Called before a manifest is kept: throws as a killed process would end, or changes the ledger as another would. */
  failing: () => void;
} {
  const headOf = (): Head | undefined => {
    const last = kept.at(-1);
    return last && { sequence: last.manifest.sequence, digest: last.digest };
  };
  return {
    kept,
    failing: () => undefined,
    readHead: async () => headOf(),
    async advance(next, from) {
      this.failing();
      if (headOf()?.digest !== from?.digest) return false;
      kept.push(next);
      return true;
    },
  };
}
