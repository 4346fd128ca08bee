import type { Noun } from '../../cli/command.ts';

export const archive: Noun = {
  verbs: {
    run: async () => (await import('./run.ts')).run,
    list: async () => (await import('./list.ts')).list,
    head: async () => (await import('./head.ts')).head,
    verify: async () => (await import('./verify.ts')).verify,
    restore: async () => (await import('./restore.ts')).restore,
    query: async () => (await import('./query.ts')).query,
    rewrap: async () => (await import('./rewrap.ts')).rewrap,
  },
};
