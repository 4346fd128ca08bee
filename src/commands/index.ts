import type { AnyCommand, Noun } from '../cli/command.ts';

/** The one registration list. A noun's modules load only when it is chosen, so that the others cost nothing at start. */
export interface NounEntry {
  readonly name: string;
  readonly summary: string;
  readonly audience: string;
  readonly load: () => Promise<Noun | AnyCommand>;
}

export const NOUNS: readonly NounEntry[] = [
  {
    name: 'migrate',
    summary: 'apply, roll back, check and rehearse schema migrations',
    audience: 'DBA',
    load: async () => (await import('./migrate/index.ts')).migrate,
  },
  {
    name: 'key',
    summary: 'make, count, check, rewrap and retire encryption keys',
    audience: 'security',
    load: async () => (await import('./key/index.ts')).key,
  },
  {
    name: 'partition',
    summary: 'make, check, detach and convert monthly partitions',
    audience: 'DBA',
    load: async () => (await import('./partition/index.ts')).partition,
  },
  {
    name: 'monitor',
    summary: 'slow statements, sizes, indexes, locks, replication and more, each with a verdict',
    audience: 'on-call',
    load: async () => (await import('./monitor/index.ts')).loadMonitor(),
  },
  {
    name: 'seed',
    summary: 'fill an empty database with believable, encrypted demo data',
    audience: 'everyone',
    load: async () => (await import('./seed/index.ts')).seed,
  },
  {
    name: 'config',
    summary: 'show where every setting comes from; write a project file',
    audience: 'everyone',
    load: async () => (await import('./config/index.ts')).config,
  },
];
