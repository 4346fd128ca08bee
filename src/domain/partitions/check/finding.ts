import type { QualifiedName } from '../../../db/identifiers.ts';
import type { Span } from '../ensure/plan.ts';
import type { Partition, TableState } from '../table.ts';

export type Verdict = 'ok' | 'warning' | 'critical';

export type CheckName =
  | 'structure' // partitioned at all, by something that has months
  | 'runway'
  | 'hole'
  | 'overlap'
  | 'catch-all'
  | 'default'
  | 'quarantine'
  | 'bounds'
  | 'time-zone'
  | 'name'
  | 'detach'
  | 'triggers'
  | 'row-security'
  | 'grants'
  | 'indexes';

export interface Finding {
  readonly table: string;
  readonly partition: string | undefined;
  readonly check: CheckName;
  readonly verdict: Verdict;
  readonly evidence: string;
  /** What to do; undefined when there is nothing to do. */
  readonly fix: string | undefined;
  readonly repair: Repair | undefined;
}

/** What `check --fix` may do about a finding. Several findings can ask for the same. */
export type Repair =
  | { readonly kind: 'finish detach'; readonly table: TableState; readonly partition: Partition }
  | { readonly kind: 'default'; readonly table: TableState; readonly partition: Partition }
  | { readonly kind: 'quarantine'; readonly table: TableState; readonly quarantine: QualifiedName & { schema: string } }
  | { readonly kind: 'months'; readonly table: TableState; readonly span: Span; readonly rows: number }
  | { readonly kind: 'catch-alls'; readonly table: TableState }
  | { readonly kind: 'align'; readonly table: TableState; readonly partition: Partition }
  | { readonly kind: 'rename'; readonly table: TableState; readonly partition: Partition; readonly to: string };

/** Repairs in the order in which they have to be made. */
export const REPAIR_ORDER: readonly Repair['kind'][] = [
  'finish detach',
  'default',
  'quarantine',
  'months',
  'catch-alls',
  'align',
  'rename',
];

export const FIX_COMMAND = 'ordersync partition check --fix';
