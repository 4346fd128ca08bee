import * as sdk from '@aws-sdk/client-kms';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MODELED_ERRORS } from './model.ts';
import type { FakeKms } from './server.ts';
import { startKms } from './server.ts';

const DATA = Buffer.from('thirty-two bytes of a data key..');
/** Errors of the AWS front end: KMS API Reference, "Common Errors". They are in no service's model. */
const COMMON_ERRORS = [
  'AccessDeniedException',
  'ThrottlingException',
  'ValidationException',
  'InvalidSignatureException',
  'UnrecognizedClientException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'UnknownOperationException',
  'SerializationException',
];
let kms: FakeKms;
let client: sdk.KMSClient;

beforeEach(async () => {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  kms = await startKms();
  client = clientOf();
});

afterEach(async () => {
  client.destroy();
  await kms.close();
});

test('the SDK gets from every operation what the model promises', async () => {
  const [one, two] = [kms.keys.create({ alias: 'alias/one' }), kms.keys.create()];
  const made = await client.send(
    new sdk.GenerateDataKeyCommand({ KeyId: 'alias/one', KeySpec: 'AES_256', EncryptionContext: { a: '1', b: '2' } }),
  );
  expect([made.Plaintext?.length, made.KeyId]).toEqual([32, one.arn]);
  const opened = await client.send(
    new sdk.DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: { b: '2', a: '1' } }),
  );
  expect(opened.Plaintext).toEqual(made.Plaintext);
  const moved = await client.send(
    new sdk.ReEncryptCommand({
      CiphertextBlob: made.CiphertextBlob,
      SourceEncryptionContext: { a: '1', b: '2' },
      DestinationKeyId: two.id,
      DestinationEncryptionContext: { c: '3' },
    }),
  );
  expect([moved.SourceKeyId, moved.KeyId]).toEqual([one.arn, two.arn]);
  const again = await client.send(
    new sdk.DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, KeyId: two.arn, EncryptionContext: { c: '3' } }),
  );
  expect(again.Plaintext).toEqual(made.Plaintext);
  const sealed = await client.send(new sdk.EncryptCommand({ KeyId: two.id, Plaintext: DATA }));
  expect(
    Buffer.from(
      (await client.send(new sdk.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }))).Plaintext ?? [],
    ).equals(DATA),
  ).toBe(true);
  const { KeyMetadata: metadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId: one.id }));
  expect(metadata).toMatchObject({
    Arn: one.arn,
    KeyState: 'Enabled',
    Enabled: true,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    CreationDate: expect.any(Date),
  });
});

test('what the service refuses, it refuses with the error the service names', async () => {
  const [one, two] = [kms.keys.create(), kms.keys.create()];
  const mac = kms.keys.create({ usage: 'GENERATE_VERIFY_MAC' });
  const { CiphertextBlob } = await client.send(
    new sdk.EncryptCommand({ KeyId: one.id, Plaintext: DATA, EncryptionContext: { a: '1' } }),
  );
  const refusals: [string, () => Promise<unknown>][] = [
    [
      'InvalidCiphertextException',
      () => client.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: { a: '2' } })),
    ],
    ['InvalidCiphertextException', () => client.send(new sdk.DecryptCommand({ CiphertextBlob: DATA }))],
    [
      'IncorrectKeyException',
      () => client.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: { a: '1' }, KeyId: two.id })),
    ],
    [
      'IncorrectKeyException',
      () => client.send(new sdk.ReEncryptCommand({ CiphertextBlob, SourceKeyId: two.id, DestinationKeyId: two.id })),
    ],
    [
      'DryRunOperationException',
      () => client.send(new sdk.DecryptCommand({ CiphertextBlob, EncryptionContext: { a: '1' }, DryRun: true })),
    ],
    ['NotFoundException', () => client.send(new sdk.DescribeKeyCommand({ KeyId: 'alias/none' }))],
    ['InvalidArnException', () => client.send(new sdk.DescribeKeyCommand({ KeyId: 'arn:aws:s3:::bucket' }))],
    ['InvalidKeyUsageException', () => client.send(new sdk.EncryptCommand({ KeyId: mac.id, Plaintext: DATA }))],
    ['ValidationException', () => client.send(new sdk.GenerateDataKeyCommand({ KeyId: one.id }))],
    [
      'ValidationException',
      () => client.send(new sdk.GenerateDataKeyCommand({ KeyId: one.id, KeySpec: 'AES_256', NumberOfBytes: 32 })),
    ],
    [
      'ValidationException',
      () => client.send(new sdk.GenerateDataKeyCommand({ KeyId: one.id, KeySpec: 'AES_512' as 'AES_256' })),
    ],
    [
      'ValidationException',
      () => client.send(new sdk.EncryptCommand({ KeyId: one.id, Plaintext: Buffer.alloc(4_097) })),
    ],
    ['ValidationException', () => client.send(new sdk.EncryptCommand({ KeyId: one.id, Plaintext: Buffer.alloc(0) }))],
    ['ValidationException', () => client.send(new sdk.DecryptCommand({ CiphertextBlob: Buffer.alloc(6_145) }))],
    ['ValidationException', () => client.send(new sdk.DecryptCommand({}))],
    ['ValidationException', () => client.send(new sdk.DescribeKeyCommand({ KeyId: 'x'.repeat(2_049) }))],
    ['ValidationException', () => client.send(new sdk.DescribeKeyCommand({ KeyId: undefined }))],
    ['UnknownOperationException', () => client.send(new sdk.ListKeysCommand({}))],
  ];
  for (const [name, attempt] of refusals)
    await expect(attempt()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  for (const state of ['Disabled', 'PendingDeletion', 'Unavailable'] as const) {
    one.state = state;
    const name = state === 'Disabled' ? 'DisabledException' : 'KMSInvalidStateException';
    await expect(client.send(new sdk.EncryptCommand({ KeyId: one.id, Plaintext: DATA }))).rejects.toMatchObject({
      name,
    });
  }
  const outcomes = new Set(kms.calls.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'ok'));
  expect([...outcomes].filter((name) => !MODELED_ERRORS.has(name) && !COMMON_ERRORS.includes(name))).toEqual([]);
});

test('a request is answered only when it is signed, whole, fresh and for this service and region', async () => {
  const key = kms.keys.create();
  const describe = (from: sdk.KMSClient) => from.send(new sdk.DescribeKeyCommand({ KeyId: key.id }));
  const invalid = { name: 'InvalidSignatureException' };
  await expect(describe(tampering((request) => request.body.fill(0x7a, -5, -3)))).rejects.toMatchObject(invalid);
  await expect(
    describe(tampering(({ headers }) => Object.assign(headers, { 'x-amz-target': 'TrentService.Encrypt' }))),
  ).rejects.toMatchObject(invalid);
  await expect(
    describe(
      tampering(({ headers }) =>
        Object.assign(headers, { authorization: String(headers['authorization']).replace(/.$/u, 'g') }),
      ),
    ),
  ).rejects.toMatchObject({ name: 'IncompleteSignatureException' });
  await expect(describe(clientOf({ region: 'eu-west-1' }))).rejects.toMatchObject(invalid);
  await expect(
    describe(clientOf({ credentials: { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' } })),
  ).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  kms.setClockOffset(-400_000);
  await expect(describe(client)).rejects.toMatchObject(invalid);
  kms.setClockOffset(-200_000);
  await expect(describe(clientOf())).resolves.toBeDefined();
  const unsigned = await fetch(kms.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.DescribeKey' },
    body: '{}',
  });
  expect([unsigned.status, await unsigned.json()]).toEqual([
    400,
    { __type: 'MissingAuthenticationTokenException', Message: 'Missing Authentication Token' },
  ]);
});

test('rights are per principal, operation, key and encryption context', async () => {
  const [one, two] = [kms.keys.create(), kms.keys.create()];
  const credentials = kms.access.add('app');
  kms.access.grant(credentials, one, ['Encrypt', 'ReEncryptFrom'], { use: 'x' });
  const app = clientOf({ credentials });
  const { CiphertextBlob } = await app.send(
    new sdk.EncryptCommand({ KeyId: one.id, Plaintext: DATA, EncryptionContext: { use: 'x', more: 'y' } }),
  );
  const denied = [
    new sdk.EncryptCommand({ KeyId: one.id, Plaintext: DATA }),
    new sdk.EncryptCommand({ KeyId: two.id, Plaintext: DATA, EncryptionContext: { use: 'x' } }),
    new sdk.EncryptCommand({ KeyId: one.id, Plaintext: DATA, EncryptionContext: { use: 'z' } }),
  ];
  for (const command of denied)
    await expect(app.send(command)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('user/app is not authorized to perform: kms:Encrypt'),
    });
  const move = new sdk.ReEncryptCommand({
    CiphertextBlob,
    SourceEncryptionContext: { use: 'x', more: 'y' },
    DestinationKeyId: two.id,
  });
  await expect(app.send(move)).rejects.toThrow('kms:ReEncryptTo');
  kms.access.grant(credentials, two, ['ReEncryptTo']);
  await expect(app.send(move)).resolves.toBeDefined();
});

test('the server keeps no key bytes and no blobs of what it was asked', async () => {
  const key = kms.keys.create();
  const { CiphertextBlob } = await client.send(new sdk.EncryptCommand({ KeyId: key.id, Plaintext: DATA }));
  const kept = JSON.stringify(kms.calls);
  for (const bytes of [DATA, Buffer.from(CiphertextBlob ?? [])]) expect(kept).not.toContain(bytes.toString('base64'));
});

interface SignedRequest {
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

function clientOf(options: sdk.KMSClientConfig = {}): sdk.KMSClient {
  return new sdk.KMSClient({
    region: kms.region,
    endpoint: kms.url,
    credentials: kms.access.owner,
    maxAttempts: 1,
    ...options,
  });
}

/** A client whose requests are changed after they were signed. */
function tampering(change: (request: SignedRequest) => unknown): sdk.KMSClient {
  const changed = clientOf();
  changed.middlewareStack.add(
    (next) => (args) => {
      change(args.request as SignedRequest);
      return next(args);
    },
    { step: 'deserialize', priority: 'low' },
  );
  return changed;
}
