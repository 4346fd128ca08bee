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
    name: 'archive',
    summary: 'export old months with proof, drop, list, verify and restore them',
    audience: 'DBA',
    load: async () => (await import('./archive/index.ts')).archive,
  },
  {
    name: 'jobs',
    summary: 'run scheduled work now, hand it to a scheduler, and see how it went',
    audience: 'DBA',
    load: async () => (await import('./jobs/index.ts')).jobs,
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
    name: 'security',
    summary: 'attacks, permission changes, encryption, row security and roles',
    audience: 'security',
    load: async () => (await import('./security/index.ts')).security,
  },
  {
    name: 'check',
    summary: 'the deployment checklist and the on-call checks, with evidence and fix',
    audience: 'on-call',
    load: async () => (await import('./check/check.ts')).check,
  },
  {
    name: 'config',
    summary: 'show where every setting comes from; write a project file',
    audience: 'everyone',
    load: async () => (await import('./config/index.ts')).config,
  },
];
