import type { Context } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { RowPace } from '../content/row-pace.ts';
import type { Changer, Manners } from '../../partitions/attempts.ts';
import { createChanger } from '../../partitions/attempts.ts';
import type { ManifestLedger } from '../manifest/adopt.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { PublicKeys, Signer } from '../manifest/sign.ts';
import type { Month } from '../../partitions/month.ts';
import type { KeptFile } from '../removal.ts';

/** What writes to the chain of manifests; one for a whole run, which holds the archive's lock. */
export interface ChainRun {
  readonly ctx: Pick<Context, 'db' | 'clock' | 'signal' | 'reach'>;
  readonly session: Session;
  readonly store: ObjectStore;
  readonly ledger: ManifestLedger;
  readonly signer: Signer;
  readonly publicKeys: PublicKeys;
  readonly identity: Pick<Manifest, 'database' | 'schemaVersion' | 'tool'>;
  /** Files of attempts that were broken off, which the store does not let go; more of them as the run meets them. */
  readonly kept: KeptFile[];
}

/** What every step of an archive works with besides. */
export interface ArchiveRun extends ChainRun {
  readonly manners: Manners;
  /** Of the rows that are exported. */
  readonly pace: RowPace;
  /** How long to wait while another run changes partitions. */
  readonly waitMs: number;
  /** The first month that is too young. */
  readonly cut: Month;
  /** Stops before anything leaves. */
  readonly keep: boolean;
}

/** Places where a test may kill the program, in the order in which a month comes to them. */
export const FAULT_POINTS = [
  'archive-planned',
  'archive-mid-export',
  'archive-exported',
  'archive-read-back',
  'archive-verified',
  'archive-leaving',
  'archive-detached',
  'archive-before-drop',
  'archive-dropped',
] as const;

export function reach({ ctx }: Pick<ArchiveRun, 'ctx'>, point: (typeof FAULT_POINTS)[number]): void {
  ctx.reach(point);
}

/** One for each change: its watcher is closed when the change is through. */
export function changerOf({ ctx, session, manners }: ArchiveRun): Changer {
  return createChanger(ctx, session, manners);
}
