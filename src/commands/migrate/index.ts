import type { Noun } from '../../cli/command.ts';

export const migrate: Noun = {
  verbs: {
    up: async () => (await import('./up.ts')).up,
    down: async () => (await import('./down.ts')).down,
    redo: async () => (await import('./redo.ts')).redo,
    status: async () => (await import('./status.ts')).status,
    plan: async () => (await import('./plan.ts')).plan,
    verify: async () => (await import('./verify.ts')).verify,
    lint: async () => (await import('./lint.ts')).lint,
    new: async () => (await import('./new.ts')).create,
    baseline: async () => (await import('./baseline.ts')).baseline,
    repair: async () => (await import('./repair.ts')).repair,
  },
};
