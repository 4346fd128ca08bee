import type { Noun } from '../../cli/command.ts';

export const config: Noun = {
  verbs: {
    show: async () => (await import('./show.ts')).show,
    init: async () => (await import('./init.ts')).init,
  },
};
