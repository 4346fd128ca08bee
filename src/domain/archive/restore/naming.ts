import type { QualifiedName } from '../../../db/identifiers.ts';
import type { RestorableSource } from './sources.ts';

/** PostgreSQL keeps 63 bytes of a name. */
const LONGEST_TABLE = 63 - '_restored_2025_01'.length;

/** `audit_logs_restored_2025_01` */
export function restoredName(table: string, month: string): QualifiedName & { readonly schema: string } {
  return { schema: 'public', name: `${table.slice(0, LONGEST_TABLE)}_restored_${month.replace('-', '_')}` };
}

/** What the comment of a restored table says, by which a later run knows it again. */
export interface Mark {
  readonly table: string;
  readonly month: string;
  /** Numbers of the manifests whose rows it holds. */
  readonly manifests: string;
  /** Of its rows as they were proven. */
  readonly root: string;
  /** Made as a partition of its table is, so that it can be attached. */
  readonly attachable: boolean;
}

export function manifestsOf({ parts }: RestorableSource): string {
  return parts.map(({ sequence }) => sequence).join('+');
}

export function commentOf({ table, month, manifests, root, attachable }: Mark): string {
  const kind = attachable ? 'to be attached' : 'read only';
  return `ordersync archive: ${table} ${month} of manifest ${manifests}, root ${root}, ${kind}`;
}

/** @returns undefined for the comment of a table that somebody else made */
export function markOf(comment: string | null): Mark | undefined {
  const form =
    /^ordersync archive: (\S+) (\d{4}-\d\d) of manifest ([\d+]+), root ([0-9a-f]{64}), (read only|to be attached)$/;
  const [, table, month, manifests, root, kind] = form.exec(comment ?? '') ?? [];
  if (table === undefined || month === undefined || manifests === undefined || root === undefined) return undefined;
  return { table, month, manifests, root, attachable: kind === 'to be attached' };
}
