import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes } from '../../../../src/domain/archive/manifest/parse.ts';
import { manifestKey } from '../../../../src/domain/archive/manifest/places.ts';
import { publicKeyPem } from '../../../../src/domain/archive/manifest/sign.ts';
import { useFolder } from '../../../store/fixture.ts';
import { outside } from '../../../support/outside.ts';
import { chainOf, newSigner } from './fixture.ts';

const DOCUMENT = new URL('../../../../docs/archive-manifests.md', import.meta.url);
const folder = useFolder();
const signer = newSigner();
const chain = chainOf(signer, 3, { tool: 'ordersync “0.1.0” é' });

beforeEach(() => {
  mkdirSync(path.join(folder.path, 'manifests'));
  for (const signed of chain)
    writeFileSync(path.join(folder.path, manifestKey(signed.manifest.sequence)), manifestBytes(signed));
  writeFileSync(path.join(folder.path, 'trusted.pem'), publicKeyPem(signer.publicKey));
});

/** The commands of the document, word for word. */
function check() {
  const [, script = ''] = /```sh\n(.*?)```/su.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  expect(script).toContain('openssl pkeyutl -verify');
  const env = { PATH: process.env['PATH'], PUBLIC_KEY: path.join(folder.path, 'trusted.pem') };
  return spawnSync('/bin/sh', ['-c', script], { cwd: folder.path, env, encoding: 'utf8' });
}

test('what the document tells an auditor to run accepts a genuine chain and prints its links', (context) => {
  for (const program of ['python3', 'openssl']) outside(program, context);
  const { status, stdout } = check();
  const links = chain.map(({ manifest, digest }) => `${manifest.sequence} ${manifest.previous ?? 'None'} ${digest}\n`);
  expect([status, stdout]).toEqual([0, links.join('')]);
});

test('and refuses one that was altered, and one that somebody else signed', (context) => {
  for (const program of ['python3', 'openssl']) outside(program, context);
  const place = path.join(folder.path, manifestKey(2));
  const genuine = readFileSync(place, 'utf8');
  writeFileSync(place, genuine.replace('"bytes":10', '"bytes":11'));
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining('manifests/000000002.json: altered') });
  writeFileSync(place, manifestBytes(chainOf(newSigner(), 2)[1] as SignedManifest));
  expect(check().status).toBe(1);
});
