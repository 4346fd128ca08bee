import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../../../src/context.ts';
import { adoptStored } from '../../../../src/domain/archive/manifest/adopt.ts';
import { examineLink, verifyChain } from '../../../../src/domain/archive/manifest/chain.ts';
import { readStoreHead } from '../../../../src/domain/archive/manifest/head.ts';
import type { SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes } from '../../../../src/domain/archive/manifest/parse.ts';
import { manifestKey } from '../../../../src/domain/archive/manifest/places.ts';
import { readManifest, readManifests } from '../../../../src/domain/archive/manifest/stored.ts';
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

/** What a process that dies at a point leaves behind. */
function dyingAt(point: string): AppendNeeds {
  return {
    ...needs,
    reach: (reached) => {
      if (reached === point) throw new Error(`died at ${point}`);
    },
  };
}

async function chainFaults(heads: Parameters<typeof verifyChain>[0]['heads'] = []) {
  const links = [];
  for await (const link of readManifests(store)) links.push(examineLink(link, link.content, needs.publicKeys));
  return verifyChain({ links, heads }).findings;
}

test('manifests get their numbers, each is chained to the one before, and the head is in the store', async () => {
  const ledger = memoryLedger();
  const first = await appendManifest(needs, { ledger, store, draft: draftOf('2025-01') });
  const second = await appendManifest(needs, { ledger, store, draft: draftOf('2025-02') });
  expect([first.manifest.sequence, first.manifest.previous]).toEqual([1, null]);
  expect([second.manifest.sequence, second.manifest.previous]).toEqual([2, first.digest]);
  expect(second.manifest.createdAt).toBe('2026-03-04T05:06:07.008Z');
  expect(ledger.kept).toEqual([first, second]);
  expect(await readStoreHead(store)).toEqual({ sequence: 2, digest: second.digest });
  expect(await readManifest(store, 2)).toEqual(second);
  expect(await readManifest(store, 3)).toBeUndefined();
  expect(await chainFaults([{ sequence: 2, digest: second.digest, source: 'the database' }])).toEqual([]);
  expect(told).toEqual([]);
});

test.each(['archive-before-manifest', 'archive-between-store-and-database', 'archive-after-manifest'])(
  'a run that dies at "%s" is continued by the next one: one manifest, one number, nothing lost',
  async (point) => {
    const ledger = memoryLedger(await storedChain(2));
    const dying = appendManifest(dyingAt(point), { ledger, store, draft: draftOf('2025-03') });
    await expect(dying).rejects.toThrow(`died at ${point}`);
    const later = { ...needs, clock: { now: () => new Date('2026-04-01T00:00:00Z') } };
    const third = await appendManifest(later, { ledger, store, draft: draftOf('2025-03') });
    const fourth = await appendManifest(later, { ledger, store, draft: draftOf('2025-04') });
    expect([third.manifest.sequence, fourth.manifest.sequence]).toEqual([3, 4]);
    expect(ledger.kept.map(({ manifest }) => manifest.month)).toEqual(['2025-01', '2025-02', '2025-03', '2025-04']);
    expect(await keysOf(store, 'manifests/')).toEqual([1, 2, 3, 4].map(manifestKey));
    expect(await chainFaults([{ sequence: 4, digest: fourth.digest, source: 'the database' }])).toEqual([]);
    expect(await readStoreHead(store)).toEqual({ sequence: 4, digest: fourth.digest });
  },
);

test('what a killed run stored about another archive is taken over first, and told', async () => {
  const ledger = memoryLedger();
  await expect(
    appendManifest(dyingAt('archive-between-store-and-database'), { ledger, store, draft: draftOf('2025-01') }),
  ).rejects.toThrow('died');
  const second = await appendManifest(needs, { ledger, store, draft: draftOf('2025-02') });
  expect(second.manifest.sequence).toBe(2);
  expect(ledger.kept.map(({ manifest }) => manifest.month)).toEqual(['2025-01', '2025-02']);
  expect(told).toEqual([
    { kind: 'note', message: 'took over manifests/000000001.json, which an interrupted run had stored' },
  ]);
});

test('a database that was restored from a backup catches up with its store', async () => {
  const chain = await storedChain(5);
  const ledger = memoryLedger(chain.slice(0, 2));
  const { head, adopted } = await adoptStored(needs, { ledger, store });
  expect(adopted).toEqual(chain.slice(2));
  expect(head?.sequence).toBe(5);
  expect(await chainFaults()).toEqual([]);
});

test('another process that takes over our manifest in the middle is no reason for a second one', async () => {
  const ledger = memoryLedger();
  ledger.failing = () => {
    ledger.failing = () => undefined;
    const bytes = readFileSync(path.join(folder.path, manifestKey(1)));
    ledger.kept.push(JSON.parse(bytes.toString()) as SignedManifest);
  };
  const first = await appendManifest(needs, { ledger, store, draft: draftOf('2025-01') });
  expect([first.manifest.sequence, ledger.kept.length]).toEqual([1, 1]);
  expect(await keysOf(store, 'manifests/')).toEqual([manifestKey(1)]);
});

describe('in the place of the next manifest', () => {
  test.each<[string, (last: SignedManifest) => Buffer | SignedManifest]>([
    ['bytes that are none', () => Buffer.from('half a mani')],
    [
      'one that was changed',
      (last) => ({ ...signed(signer, { sequence: 2, previous: last.digest }), digest: '0'.repeat(64) }),
    ],
    ['one that follows another', () => signed(signer, { sequence: 2, previous: '1'.repeat(64) })],
    ['one with another number', (last) => signed(signer, { sequence: 3, previous: last.digest })],
  ])('%s: is put aside whole, told, and the chain goes on', async (_, make) => {
    const first = (await storedChain(1))[0] as SignedManifest;
    const made = make(first);
    const bytes = Buffer.isBuffer(made) ? made : manifestBytes(made);
    await put(store, manifestKey(2), bytes);
    const ledger = memoryLedger([first]);
    const second = await appendManifest(needs, { ledger, store, draft: draftOf('2025-02') });
    expect(await readManifest(store, 2)).toEqual(second);
    const aside = readdirSync(path.join(folder.path, 'manifests/aside'));
    expect(aside).toEqual([expect.stringMatching(/^000000002-[0-9a-f]{16}\.json$/u)]);
    expect(readFileSync(path.join(folder.path, 'manifests/aside', String(aside[0]))).equals(bytes)).toBe(true);
    expect(told).toEqual([
      {
        kind: 'warning',
        message: expect.stringMatching(/^manifests\/000000002\.json was put aside in manifests\/aside\/: /u),
      },
    ]);
    expect(await chainFaults([{ sequence: 2, digest: second.digest, source: 'the database' }])).toEqual([]);
  });

  test.each<[string, SignedManifest]>([
    ['signed with a key of another database', signed(newSigner(), { sequence: 1 })],
    [
      'of another system, signed with a copy of our key',
      signed(signer, { sequence: 1, database: { systemIdentifier: '1', name: 'copy' } }),
    ],
  ])('one %s: the store is refused, and nothing in it changes', async (_, theirs) => {
    await put(store, manifestKey(1), manifestBytes(theirs));
    const ledger = memoryLedger();
    expect(await failureOf(appendManifest(needs, { ledger, store, draft: draftOf('2025-01') }))).toEqual({
      reason: 'other_database',
      exit: 4,
      message: `file://${folder.path} holds the archive of another database`,
    });
    expect(ledger.kept).toEqual([]);
    expect(await keysOf(store)).toEqual([manifestKey(1)]);
  });
});

test('a damaged head.json is told and written again', async () => {
  const [first] = await storedChain(1);
  writeFileSync(path.join(folder.path, 'head.json'), '{"sequence":');
  await expect(readStoreHead(store)).rejects.toMatchObject({ details: { facts: { reason: 'damaged_head' } } });
  await adoptStored(needs, { ledger: memoryLedger([first as SignedManifest]), store });
  expect(await readStoreHead(store)).toEqual({ sequence: 1, digest: first?.digest });
  expect(told).toEqual([
    { kind: 'warning', message: `head.json in file://${folder.path} is damaged; it is written again` },
  ]);
});

test('a store that keeps other bytes than it was sent is caught before the database knows of anything', async () => {
  const lying: ObjectStore = {
    ...store,
    upload: async (key, options) => {
      const upload = await store.upload(key, options);
      const sent = createHash('sha256');
      return {
        write: (piece) => (sent.update(piece), upload.write(Buffer.from(piece).fill(0x20, piece.length - 2))),
        finish: async () => ({ ...(await upload.finish()), sha256: sent.digest('hex') }),
        abandon: () => upload.abandon(),
      };
    },
  };
  const ledger = memoryLedger();
  expect(await failureOf(appendManifest(needs, { ledger, store: lying, draft: draftOf('2025-01') }))).toMatchObject({
    reason: 'lying_store',
    exit: 5,
  });
  expect(ledger.kept).toEqual([]);
});

/** A chain that lies in the store, head.json included. */
async function storedChain(length: number): Promise<SignedManifest[]> {
  const chain = chainOf(signer, length);
  for (const one of chain) await put(store, manifestKey(one.manifest.sequence), manifestBytes(one));
  return chain;
}
