import { manifestKey } from '../manifest/places.ts';
import type { ProvenManifest } from './chain.ts';
import type { Finding } from './finding.ts';

/**
 * Whether every rewrap stands for the manifest that is there, of the same month, and that no other one stands for already. What
 * each of the two says of its rows is compared where their files are looked at.
 * @param linked manifests without another fault, in order
 */
export function checkSuperseding(linked: readonly ProvenManifest[]): {
  readonly proven: readonly ProvenManifest[];
  readonly findings: readonly Finding[];
} {
  const known = new Map<number, ProvenManifest>();
  const taken = new Set<number>();
  const proven: ProvenManifest[] = [];
  const findings: Finding[] = [];
  for (const manifest of linked) {
    const message = faultOf(manifest, known, taken);
    known.set(manifest.sequence, manifest);
    if (message === undefined) {
      if (manifest.supersedes !== undefined) taken.add(manifest.supersedes.sequence);
      proven.push(manifest);
      continue;
    }
    const { sequence } = manifest;
    findings.push({ fault: 'wrong_successor', sequence, place: manifestKey(sequence), message });
  }
  return { proven, findings };
}

/** Which manifests have their rows in the files of a later one, which may be superseded itself. */
export function successorsOf(proven: readonly ProvenManifest[]): ReadonlyMap<number, number> {
  return new Map(proven.flatMap(({ sequence, supersedes }) => (supersedes ? [[supersedes.sequence, sequence]] : [])));
}

function faultOf(
  { supersedes, table, month }: ProvenManifest,
  known: ReadonlyMap<number, ProvenManifest>,
  taken: ReadonlySet<number>,
): string | undefined {
  if (supersedes === undefined) return undefined;
  const before = known.get(supersedes.sequence);
  const what = `manifest ${supersedes.sequence}`;
  // What is wrong with that one is told of it.
  if (before === undefined) return undefined;
  if (before.digest !== supersedes.digest) return `it stands for another ${what} than the one that is there`;
  if (before.table !== table || before.month !== month) return `it stands for ${what}, which is of another month`;
  return taken.has(supersedes.sequence) ? `another manifest stands for ${what} already` : undefined;
}
