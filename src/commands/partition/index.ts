import type { Noun } from '../../cli/command.ts';

export const partition: Noun = {
  verbs: {
    list: async () => (await import('./list.ts')).list,
    plan: async () => (await import('./plan.ts')).plan,
    ensure: async () => (await import('./ensure.ts')).ensure,
    check: async () => (await import('./check.ts')).check,
    detach: async () => (await import('./detach.ts')).detach,
    convert: async () => (await import('./convert.ts')).convert,
  },
};
