import { OrdersyncError } from '../../errors.ts';
import { readReport, reportCommands } from '../reports/catalog.ts';
import type { Family } from './family.ts';
import { collectEncryption } from './encryption.ts';
import { collectJobs } from './jobs.ts';
import { ENCRYPTION, JOB, OWN, PARTITION } from './own.ts';
import type { Look } from './own-collector.ts';
import { collectPartitions } from './partitions.ts';
import type { MetricSection } from './section.ts';
import { metricSection } from './section.ts';

/** Something that is looked at as a whole: a section of a report, or what no report has. */
export type Collector =
  | { readonly kind: 'section'; readonly name: string; readonly section: MetricSection }
  | { readonly kind: 'own'; readonly name: string; readonly families: readonly Family[]; readonly look: Look };

const OWN_COLLECTORS: readonly Collector[] = [
  { kind: 'own', name: 'metrics/partitions', families: Object.values(PARTITION), look: collectPartitions },
  { kind: 'own', name: 'metrics/encryption', families: Object.values(ENCRYPTION), look: collectEncryption },
  { kind: 'own', name: 'metrics/jobs', families: Object.values(JOB), look: collectJobs },
];

export interface Registry {
  readonly collectors: readonly Collector[];
  /** Every metric that an answer can have, in the order in which it has them. */
  readonly families: readonly Family[];
}

export interface Choice {
  /** Names of collectors, or their beginnings up to a slash or dot; none: all. */
  readonly collect: readonly string[];
  readonly skip: readonly string[];
}

const NOUNS = ['metrics', 'monitor'] as const;

/** Collectors and metrics, from the headers of the reports: a report with a line `-- metrics:` is one more. */
export async function loadRegistry(choice: Choice = { collect: [], skip: [] }): Promise<Registry> {
  const paths = NOUNS.flatMap((noun) => [...reportCommands(noun).values()].flat());
  const sections = readReport(paths).flatMap((file) => metricSection(file) ?? []);
  const all: readonly Collector[] = [
    ...OWN_COLLECTORS,
    ...sections.map((section) => ({ kind: 'section', name: nameOf(section.file.path), section }) as const),
  ];
  const collectors = chosen(all, choice);
  return { collectors, families: [...Object.values(OWN), ...collectors.flatMap(familiesOf)] };
}

function familiesOf(collector: Collector): readonly Family[] {
  return collector.kind === 'own' ? collector.families : collector.section.figures.map(({ family }) => family);
}

function nameOf(path: string): string {
  return path.replace(/^sql\/|\.sql$/g, '');
}

/** @throws OrdersyncError `usage` for a name that no collector has */
function chosen(all: readonly Collector[], { collect, skip }: Choice): readonly Collector[] {
  for (const name of [...collect, ...skip]) {
    if (all.some((collector) => isNamed(collector, name))) continue;
    throw new OrdersyncError('usage', `there is no collector "${name}"`, {
      hint: `the collectors are ${all.map((collector) => collector.name).join(', ')}`,
    });
  }
  const named = (names: readonly string[]) => (collector: Collector) => names.some((name) => isNamed(collector, name));
  return all.filter((own) => (collect.length === 0 || named(collect)(own)) && !named(skip)(own));
}

/** `monitor` means all of monitor/…, `monitor/wal` its sections too. */
function isNamed({ name }: Collector, words: string): boolean {
  return name === words || name.startsWith(`${words}/`) || name.startsWith(`${words}.`);
}
