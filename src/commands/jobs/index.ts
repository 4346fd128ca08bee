import type { Noun } from '../../cli/command.ts';

export const jobs: Noun = {
  verbs: {
    list: async () => (await import('./list.ts')).list,
    run: async () => (await import('./run.ts')).run,
    install: async () => (await import('./install.ts')).install,
    uninstall: async () => (await import('./uninstall.ts')).uninstall,
    status: async () => (await import('./status.ts')).status,
  },
};
