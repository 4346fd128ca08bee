import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../../../src/context.ts';
import type { SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes } from '../../../../src/domain/archive/manifest/parse.ts';
import { manifestKey } from '../../../../src/domain/archive/manifest/places.ts';
import type { AppendNeeds } from '../../../../src/domain/archive/manifest/write.ts';
import { appendManifest } from '../../../../src/domain/archive/manifest/write.ts';
import { openDirectoryStore } from '../../../../src/store/directory.ts';
import type { ObjectStore } from '../../../../src/store/store.ts';
import { failureOf, keysOf, put, useFolder } from '../../../store/fixture.ts';
import { appendNeeds, chainOf, draftOf, memoryLedger, newSigner, signed } from './fixture.ts';

const folder = useFolder();
const signer = newSigner();
let store: ObjectStore;
let told: ProgressEvent[];
let needs: AppendNeeds;

beforeEach(async () => {
  store = await openDirectoryStore({ path: folder.path });
  told = [];
  needs = appendNeeds(signer, (event) => told.push(event));
});

describe('a store that does not hold the end of this chain is refused', () => {
  test('an empty one: it is another store', async () => {
    expect(await refused(memoryLedger(chainOf(signer, 2)))).toEqual({
      reason: 'other_store',
      exit: 4,
      message: `file://${folder.path} does not hold manifests/000000002.json, the newest manifest of this database`,
    });
  });

  test('one of another database', async () => {
    for (const theirs of chainOf(newSigner(), 2, { database: { systemIdentifier: '1', name: 'other' } }))
      await put(store, manifestKey(theirs.manifest.sequence), manifestBytes(theirs));
    const refusal = {
      reason: 'other_database',
      exit: 4,
      message: `file://${folder.path} holds the archive of another database`,
    };
    expect(await refused(memoryLedger(chainOf(signer, 2)))).toEqual(refusal);
    expect(await refused(memoryLedger(chainOf(signer, 5)))).toEqual(refusal);
  });

  test.each<[string, string, (two: SignedManifest) => Buffer | undefined]>([
    ['missing', 'it is missing', () => undefined],
    ['damaged', 'it is damaged: ', () => Buffer.from('damaged')],
    ['altered', 'its content was altered', (two) => manifestBytes({ ...two, digest: 'a'.repeat(64) })],
    ['forged', 'its signature was not made', (two) => manifestBytes(resigned(two, { value: 'A'.repeat(86) + '==' }))],
    ['unknown_key', 'it is signed with the key', (two) => manifestBytes(resigned(two, { key: 'b'.repeat(32) }))],
    ['replaced', 'it is not the one', () => manifestBytes(signed(signer, { sequence: 2, month: '2030-01' }))],
  ])('one that is %s is a fault of this archive, and named', async (fault, message, make) => {
    const chain = await storedChain(2);
    const bytes = make(chain[1] as SignedManifest);
    const file = path.join(folder.path, manifestKey(2));
    if (bytes === undefined) rmSync(file);
    else writeFileSync(file, bytes);
    expect(await refused(memoryLedger(chain))).toEqual({
      reason: `manifest_${fault}`,
      exit: 5,
      message: expect.stringContaining(`manifests/000000002.json in file://${folder.path}: ${message}`),
    });
  });

  test('one that is damaged and only head.json knows of: it is not put aside', async () => {
    const chain = await storedChain(2);
    await appendManifest(needs, { ledger: memoryLedger(chain), store, draft: draftOf('2025-03') });
    writeFileSync(path.join(folder.path, manifestKey(3)), 'damaged');
    expect(await refused(memoryLedger(chain))).toMatchObject({ reason: 'manifest_damaged', exit: 5 });
  });

  test('one whose head.json knows of manifests that are gone', async () => {
    const chain = await storedChain(3);
    await appendManifest(needs, { ledger: memoryLedger(chain), store, draft: draftOf('2025-04') });
    for (const sequence of [2, 3, 4]) rmSync(path.join(folder.path, manifestKey(sequence)));
    expect(await refused(memoryLedger(chain.slice(0, 1)))).toEqual({
      reason: 'manifest_missing',
      exit: 5,
      message: `manifests/000000002.json in file://${folder.path}: it is missing: head.json knows of manifest 4, this database of 1`,
    });
  });
});

/** A chain that lies in the store, head.json included. */
async function storedChain(length: number): Promise<SignedManifest[]> {
  const chain = chainOf(signer, length);
  for (const one of chain) await put(store, manifestKey(one.manifest.sequence), manifestBytes(one));
  return chain;
}

/** Another signature of the same manifest. */
function resigned(one: SignedManifest, changes: Partial<SignedManifest['signature']>): SignedManifest {
  return { ...one, signature: { ...one.signature, ...changes } };
}

/** Nothing in the store changes. */
async function refused(ledger: ReturnType<typeof memoryLedger>) {
  const before = await keysOf(store);
  const failure = await failureOf(appendManifest(needs, { ledger, store, draft: draftOf('2025-09') }));
  expect(await keysOf(store)).toEqual(before);
  return failure;
}
