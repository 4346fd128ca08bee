import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/crypto/secret.ts';
import { canonicalJson } from '../../../../src/domain/archive/manifest/canonical.ts';
import type { SignedManifest } from '../../../../src/domain/archive/manifest/manifest.ts';
import { manifestBytes, parseManifest } from '../../../../src/domain/archive/manifest/parse.ts';
import {
  parsePublicKey,
  publicKeyPem,
  signerFrom,
  signingKeyId,
  verifySignature,
} from '../../../../src/domain/archive/manifest/sign.ts';
import { newSigner, signed } from './fixture.ts';

const signer = newSigner();
const trusted = new Map([[signer.id, signer.publicKey]]);
const genuine = signed(signer, { sequence: 1 });

test('RFC 8032: the seed of its first test gives the public key of its first test', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
  const der = signerFrom(new Secret('data key', seed)).publicKey.export({ format: 'der', type: 'spki' });
  expect(der.subarray(-32).toString('hex')).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
});

test('a genuine manifest is genuine, also after it was stored and read', () => {
  expect(verifySignature(genuine, trusted)).toBeUndefined();
  expect(verifySignature(parseManifest(manifestBytes(genuine), 'here'), trusted)).toBeUndefined();
});

test.each<[string, SignedManifest, string]>([
  ['a changed member', { ...genuine, manifest: { ...genuine.manifest, month: '2025-02' } }, 'altered'],
  ['a changed digest', { ...genuine, digest: '0'.repeat(64) }, 'altered'],
  [
    'content and digest changed together',
    { ...signed(signer, { month: '2025-02' }), signature: genuine.signature },
    'forged',
  ],
  [
    'a signature of zeros',
    { ...genuine, signature: { ...genuine.signature, value: Buffer.alloc(64).toString('base64') } },
    'forged',
  ],
  [
    'a short signature',
    { ...genuine, signature: { ...genuine.signature, value: genuine.signature.value.slice(0, 84) } },
    'forged',
  ],
  [
    'a signature written in another way',
    { ...genuine, signature: { ...genuine.signature, value: `${genuine.signature.value}\n` } },
    'forged',
  ],
  ['a key nobody trusts', signed(newSigner(), { sequence: 1 }), 'unknown_key'],
  [
    'the name of a trusted key over the signature of another',
    {
      ...signed(newSigner(), { sequence: 1 }),
      signature: { ...signed(newSigner(), { sequence: 1 }).signature, key: signer.id },
    },
    'forged',
  ],
])('%s is found out', (_, tampered, fault) => {
  expect(verifySignature(tampered, trusted)).toBe(fault);
});

test('every single flipped bit of the signature is found out', () => {
  const value = Buffer.from(genuine.signature.value, 'base64');
  for (let bit = 0; bit < value.length * 8; bit += 1) {
    const flipped = Buffer.from(value);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const signature = { ...genuine.signature, value: flipped.toString('base64') };
    expect(verifySignature({ ...genuine, signature }, trusted)).toBe('forged');
  }
});

test('openssl alone checks a manifest: public key, canonical JSON, signature', async ({ skip }) => {
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const { outside } = await import('../../../support/outside.ts');
  const openssl = outside('openssl', { skip });
  const folder = mkdtempSync('/tmp/ordersync-openssl-');
  try {
    writeFileSync(`${folder}/key.pem`, publicKeyPem(signer.publicKey));
    writeFileSync(`${folder}/manifest`, canonicalJson(genuine.manifest));
    writeFileSync(`${folder}/signature`, Buffer.from(genuine.signature.value, 'base64'));
    const check = () =>
      spawnSync(
        openssl,
        ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', 'key.pem', '-in', 'manifest', '-sigfile', 'signature'],
        { cwd: folder, encoding: 'utf8' },
      );
    expect(check()).toMatchObject({ status: 0, stdout: expect.stringContaining('Verified Successfully') });
    writeFileSync(`${folder}/manifest`, canonicalJson({ ...genuine.manifest, month: '2025-02' }));
    expect(check().status).toBe(1);
    const digest = spawnSync('/bin/sh', ['-c', `"${openssl}" pkey -pubin -in key.pem -outform DER | sha256sum`], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(digest.stdout.slice(0, 32)).toBe(signer.id);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a public key is read back; a private one, another kind and nonsense are refused', () => {
  expect(signingKeyId(parsePublicKey(publicKeyPem(signer.publicKey), 'key.pem'))).toBe(signer.id);
  const privatePem = createPrivateKey(signer.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ format: 'pem', type: 'spki' })
    .toString();
  for (const pem of [privatePem, rsa, 'nonsense', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n']) {
    expect(() => parsePublicKey(pem, 'key.pem')).toThrow('key.pem is not an Ed25519 public key in PEM');
  }
});
