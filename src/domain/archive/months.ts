import type { ArchivedSource, SignedManifest } from './manifest/manifest.ts';

/** One month of one table as the archive has it now. */
export interface ArchivedMonth {
  readonly table: string;
  readonly month: string;
  /** The newest archive of the whole month, then the late rows that were archived after it, oldest first. */
  readonly parts: readonly SignedManifest[];
}

/**
 * What a chain of manifests comes to, in the order of tables and months. A month that was archived again replaces what was
 * archived of it before; a rewrap stands in the place of the manifest that it names, if that one is still part of the month.
 * @param chain in the order of the sequence, proven
 */
export function archivedMonths(chain: readonly SignedManifest[]): ArchivedMonth[] {
  const found = new Map<string, ArchivedMonth>();
  for (const signed of chain) {
    const { table, month } = signed.manifest;
    const key = `${table} ${month}`;
    found.set(key, { table, month, parts: withManifest(found.get(key)?.parts ?? [], signed) });
  }
  return [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, month]) => month);
}

function withManifest(parts: readonly SignedManifest[], signed: SignedManifest): readonly SignedManifest[] {
  const { kind, supersedes } = signed.manifest;
  if (supersedes !== undefined)
    return parts.map((part) => (part.manifest.sequence === supersedes.sequence ? signed : part));
  return kind === 'month' ? [signed] : [...parts, signed];
}

/** The rows of one table that one manifest archives. */
export interface SourcePart {
  readonly sequence: number;
  readonly source: ArchivedSource;
}

/** Rows of one table in one month, part by part: a row of a later part replaces the one of an earlier part with its key. */
export function partsOf({ parts }: ArchivedMonth, table: string): readonly SourcePart[] {
  return parts.flatMap(({ manifest: { sequence, sources } }) =>
    sources.filter((source) => source.table === table).map((source) => ({ sequence, source })),
  );
}

/** Every table of these months: the partitioned tables and what left with them. */
export function tablesOf(months: readonly ArchivedMonth[]): readonly string[] {
  const names = months.flatMap(({ parts }) =>
    parts.flatMap(({ manifest }) => manifest.sources.map(({ table }) => table)),
  );
  return [...new Set(names)].sort();
}

/**
 * The columns by which a late row replaces an archived one. Rows of a partitioned table are told apart by the time too, which
 * belongs to their primary key; rows that left with them have keys of their own.
 */
export function keyOf(
  { table }: ArchivedMonth,
  { table: name, orderedBy, timeColumn }: ArchivedSource,
): readonly string[] {
  const own = orderedBy.filter((column) => column !== timeColumn);
  return name === table || own.length === 0 ? orderedBy : own;
}
