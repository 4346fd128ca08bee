import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { KeyringAction } from '../../domain/keys/keyring.ts';
import { changeKeyring, KEYRING_ACTIONS } from '../../domain/keys/keyring.ts';

export const keyring = defineCommand({
  name: 'keyring',
  summary: 'make a keyring file, change its passphrase, or add a key to it',
  description:
    'A passphrase comes from ORDERSYNC_KEYRING_PASSPHRASE_FILE (- for standard input), ORDERSYNC_KEYRING_PASSPHRASE or a ' +
    'question on the terminal; a new one from ORDERSYNC_KEYRING_NEW_PASSPHRASE_FILE, ORDERSYNC_KEYRING_NEW_PASSPHRASE or a ' +
    'question. ORDERSYNC_KEYRING_KEY_FILE and ORDERSYNC_KEYRING_NEW_KEY_FILE name a file of 32 random bytes instead.',
  args: {
    action: option.choice(KEYRING_ACTIONS, 'init, change-passphrase or add-key', {
      required: true,
      placeholder: 'action',
    }),
  },
  options: { keyring: option.text('the file; default: the configured one', { placeholder: 'file' }) },
  examples: [
    'ordersync key keyring init --keyring ./keyring.json',
    'ordersync key keyring change-passphrase',
    'ordersync key keyring add-key',
  ],
  run: async (ctx, { action, keyring: path }) => changeKeyring(ctx, await ctx.keyring({ path }), action),
  present: ({ path, key }, { action }) => ({
    command: 'key keyring',
    columns: [{ name: 'action' }, { name: 'file' }, { name: 'key' }],
    rows: [{ action, file: path, key: key ?? null }],
    notes: [NOTES[action]],
  }),
});

const NOTES: Readonly<Record<KeyringAction, string>> = {
  init: 'back it up, apart from the backups of the database: without it nothing can be decrypted',
  'change-passphrase': 'the keys are the same; copies of the old file still open with what opened them',
  'add-key': 'it wraps what is made from now on; ordersync key rewrap wraps the rest with it; back the file up',
};
