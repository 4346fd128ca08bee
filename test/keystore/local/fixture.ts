import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { Secret } from '../../../src/crypto/secret.ts';
import type { KeyringAccess } from '../../../src/keystore/local/keyring.ts';
import { initKeyring } from '../../../src/keystore/local/keyring.ts';
import type { MasterSource } from '../../../src/keystore/local/master.ts';

/** The least scrypt a keyring file may ask for, so that tests take 50 ms a try instead of 600. */
export const FAST = { N: 2 ** 14, r: 8, p: 1 };
export const WORDS = 'correct horse battery staple';
export const clock = { now: () => new Date('2026-03-04T05:06:07.089Z') };

export function passphrase(text: string): MasterSource {
  return { kind: 'passphrase', read: () => Promise.resolve(new Secret('passphrase', Buffer.from(text, 'utf8'))) };
}

/** A folder of the test's own, and a keyring path in it. */
export function useFolder(): { readonly folder: string; readonly access: KeyringAccess } {
  const env = {} as { folder: string; access: KeyringAccess };
  beforeEach(() => {
    env.folder = mkdtempSync(path.join(tmpdir(), 'ordersync-keyring-'));
    env.access = { path: path.join(env.folder, 'keyring.json'), uid: process.geteuid?.(), holder: 'pid 1 on test' };
  });
  afterEach(() => rmSync(env.folder, { recursive: true, force: true }));
  return env;
}

export function initWithWords(access: KeyringAccess): Promise<string> {
  return initKeyring(access, { source: passphrase(WORDS), clock, cost: FAST });
}

/** The parsed file, changed, written back as it would be by someone without the passphrase. */
export function rewriteFile(file: string, change: (document: Record<string, never>) => unknown): void {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Record<string, never>;
  writeFileSync(file, JSON.stringify(change(document), null, 2));
}
