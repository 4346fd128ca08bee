import type { Context, KeyringFile } from '../../context.ts';
import { addKeyringKey, changeKeyringMaster, initKeyring } from '../../keystore/local/keyring.ts';

export const KEYRING_ACTIONS = ['init', 'change-passphrase', 'add-key'] as const;
export type KeyringAction = (typeof KEYRING_ACTIONS)[number];

export interface KeyringChange {
  readonly path: string;
  /** The key that wraps from now on, where the action made one. */
  readonly key: string | undefined;
}

/** Makes or changes a keyring file. The database is not asked; what it keeps stays readable with the changed file. */
export async function changeKeyring(
  ctx: Pick<Context, 'clock'>,
  keyring: KeyringFile,
  action: KeyringAction,
): Promise<KeyringChange> {
  const { access, opener } = keyring;
  const { path } = access;
  if (action === 'init')
    return { path, key: await initKeyring(access, { source: keyring.newOpener('init'), clock: ctx.clock }) };
  if (action === 'add-key') return { path, key: await addKeyringKey(access, { source: opener, clock: ctx.clock }) };
  await changeKeyringMaster(access, { from: opener, to: keyring.newOpener('change') });
  return { path, key: undefined };
}
