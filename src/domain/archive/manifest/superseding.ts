import type { Leaf } from '../content/content.ts';
import { canonicalJson } from './canonical.ts';
import type { ArchivedSource, Manifest, SignedManifest, Superseded, SupersededSource } from './manifest.ts';

/** What the rows of a manifest are: a `rewrap` holds those of the manifest that it stands for. */
export function roleOf({ kind, supersedes }: Pick<Manifest, 'kind' | 'supersedes'>): Superseded['kind'] {
  if (kind !== 'rewrap') return kind;
  if (supersedes === undefined) throw new TypeError('a rewrap names what it stands for');
  return supersedes.kind;
}

/** What contradicts itself in what a manifest says of another. */
export function supersedingContradictions({ kind, sequence, sources, supersedes }: Manifest): string[] {
  if (supersedes === undefined) return kind === 'rewrap' ? ['it is a rewrap, and does not say of what'] : [];
  if (kind !== 'rewrap') return [`it is a ${kind}, and supersedes another manifest`];
  if (supersedes.sequence >= sequence)
    return [`it supersedes manifest ${supersedes.sequence}, which is no earlier one`];
  if (tablesOf(supersedes.sources) !== tablesOf(sources))
    return ['it has other tables than the manifest it supersedes'];
  return sources.flatMap((source, index) => sourceContradictions(source, supersedes.sources[index]));
}

/** What a rewrap says of the manifest it stands for, and that one does not say itself. */
export function contradictionsBetween({ manifest }: SignedManifest, before: SignedManifest): string[] {
  const { supersedes } = manifest;
  if (supersedes === undefined) throw new TypeError('only a rewrap supersedes');
  const { manifest: old } = before;
  const what = `manifest ${supersedes.sequence}`;
  if (old.sequence !== supersedes.sequence || before.digest !== supersedes.digest) return [`${what} is another one`];
  if (identityOf(manifest) !== identityOf(old)) return [`${what} has another table, month or columns`];
  if (roleOf(old) !== supersedes.kind) return [`${what} is a ${roleOf(old)}`];
  return old.sources.flatMap((source, index) => {
    const claimed = supersedes.sources[index];
    const now = manifest.sources[index];
    if (claimed?.root !== source.root) return [`${source.table} has another root in ${what}`];
    if (claimed.unchanged !== null) return sameHours(source, claimed.unchanged.leaves);
    return canonicalJson(now?.files ?? null) === canonicalJson(source.files)
      ? []
      : [`${source.table} has other files now`];
  });
}

function identityOf({ table, month, lower, upper, sources }: Manifest): string {
  return canonicalJson([table, month, lower, upper, sources.map((source) => [source.table, source.columns])]);
}

/** All that another key changes: ciphertext, and the name of its key. */
const CHANGES = /_(?:encrypted|key_id)$/u;

function sourceContradictions(source: ArchivedSource, claimed: SupersededSource | undefined): string[] {
  if (claimed === undefined) return [`${source.table}: nothing is said of it before`];
  const { table, unchanged, root } = claimed;
  if (unchanged === null) return root === source.root ? [] : [`${table}: it changed, and it says that nothing did`];
  const known = new Set(source.columns.map(({ name }) => name));
  const strange = unchanged.columns.filter((name) => !known.has(name));
  if (strange.length > 0) return [`${table}: it has no columns ${strange.join(', ')}`];
  const left = [...known].filter((name) => !unchanged.columns.includes(name) && !CHANGES.test(name));
  if (left.length > 0) return [`${table}: nothing is said of its columns ${left.join(', ')}`];
  return sameHours(source, unchanged.leaves);
}

function sameHours({ table, leaves }: ArchivedSource, others: readonly Leaf[]): string[] {
  const same = rowsByHour(leaves) === rowsByHour(others);
  return same ? [] : [`${table}: its hours have other numbers of rows before and after`];
}

function rowsByHour(leaves: readonly Leaf[]): string {
  return leaves.map(({ hour, rows }) => `${hour} ${rows}`).join();
}

function tablesOf(sources: readonly { readonly table: string }[]): string {
  return JSON.stringify(sources.map(({ table }) => table));
}
