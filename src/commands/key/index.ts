import type { Noun } from '../../cli/command.ts';

export const key: Noun = {
  verbs: {
    list: async () => (await import('./list.ts')).list,
    create: async () => (await import('./create.ts')).create,
    status: async () => (await import('./status.ts')).status,
    verify: async () => (await import('./verify.ts')).verify,
    rotate: async () => (await import('./rotate.ts')).rotate,
    rewrap: async () => (await import('./rewrap.ts')).rewrap,
    retire: async () => (await import('./retire.ts')).retire,
    destroy: async () => (await import('./destroy.ts')).destroy,
    'rotate-index': async () => (await import('./rotate-index.ts')).rotateIndex,
    encrypt: async () => (await import('./encrypt.ts')).encrypt,
    decrypt: async () => (await import('./decrypt.ts')).decrypt,
    keyring: async () => (await import('./keyring.ts')).keyring,
  },
};
