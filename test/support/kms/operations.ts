import { randomBytes } from 'node:crypto';
import type { Context, Key, KeyTable } from './keys.ts';
import { ACCOUNT, keyIdOf, openBlob, sealBlob } from './keys.ts';
import type { Members, OperationName } from './model.ts';
import { Refusal } from './refusal.ts';
import type { Principal } from './signature.ts';

/** Permissions are named as in policies: ReEncrypt needs one on each of its two keys. */
export type Permission = Exclude<OperationName, 'ReEncrypt'> | 'ReEncryptFrom' | 'ReEncryptTo';

export interface Account {
  readonly keys: KeyTable;
  allows(principal: Principal, permission: Permission, key: Key, context: Context): boolean;
}

interface Call {
  readonly account: Account;
  readonly principal: Principal;
  readonly request: Members;
}

type Operation = (call: Call) => Members;

/** The five operations. Each checks in the order of the service: rights, usage, state, ciphertext, and last DryRun. */
export const OPERATIONS: Readonly<Record<OperationName, Operation>> = {
  GenerateDataKey: (call) => {
    const context = contextOf(call, 'EncryptionContext');
    const key = usable(call, 'GenerateDataKey', call.account.keys.find(text(call, 'KeyId')), context);
    const { KeySpec, NumberOfBytes } = call.request;
    if ((KeySpec === undefined) === (NumberOfBytes === undefined))
      throw new Refusal('ValidationException', 'Please specify either number of bytes or key spec.');
    const length = KeySpec === undefined ? Number(NumberOfBytes) : KeySpec === 'AES_256' ? 32 : 16;
    endDryRun(call);
    const plaintext = randomBytes(length);
    return { CiphertextBlob: base64(sealBlob(key, context, plaintext)), Plaintext: base64(plaintext), KeyId: key.arn };
  },
  Encrypt: (call) => {
    const context = contextOf(call, 'EncryptionContext');
    const key = usable(call, 'Encrypt', call.account.keys.find(text(call, 'KeyId')), context);
    endDryRun(call);
    const blob = sealBlob(key, context, Buffer.from(text(call, 'Plaintext'), 'base64'));
    return { CiphertextBlob: base64(blob), KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
  },
  Decrypt: (call) => {
    const context = contextOf(call, 'EncryptionContext');
    const { key, blob } = source(call, 'KeyId');
    const plaintext = openBlob(usable(call, 'Decrypt', key, context), context, blob);
    endDryRun(call);
    return { Plaintext: base64(plaintext), KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
  },
  ReEncrypt: (call) => {
    const from = contextOf(call, 'SourceEncryptionContext');
    const to = contextOf(call, 'DestinationEncryptionContext');
    const { key, blob } = source(call, 'SourceKeyId');
    const destination = usable(call, 'ReEncryptTo', call.account.keys.find(text(call, 'DestinationKeyId')), to);
    const plaintext = openBlob(usable(call, 'ReEncryptFrom', key, from), from, blob);
    endDryRun(call);
    return {
      CiphertextBlob: base64(sealBlob(destination, to, plaintext)),
      SourceKeyId: key.arn,
      KeyId: destination.arn,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    };
  },
  DescribeKey: (call) => {
    const key = permitted(call, 'DescribeKey', call.account.keys.find(text(call, 'KeyId')), {});
    return { KeyMetadata: metadataOf(key) };
  },
};

function metadataOf(key: Key): Members {
  const symmetric = key.usage === 'ENCRYPT_DECRYPT';
  return {
    AWSAccountId: ACCOUNT,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAt.getTime() / 1000,
    Enabled: key.state === 'Enabled',
    Description: '',
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletedAt === undefined ? {} : { DeletionDate: key.deletedAt.getTime() / 1000 }),
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: symmetric ? 'SYMMETRIC_DEFAULT' : 'HMAC_256',
    KeySpec: symmetric ? 'SYMMETRIC_DEFAULT' : 'HMAC_256',
    ...(symmetric ? { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] } : { MacAlgorithms: ['HMAC_SHA_256'] }),
    MultiRegion: false,
  };
}

/** The key a ciphertext names, which must be the key the request names, when it names one. */
function source(call: Call, member: 'KeyId' | 'SourceKeyId'): { key: Key; blob: Buffer } {
  const blob = Buffer.from(text(call, 'CiphertextBlob'), 'base64');
  const named = call.request[member] === undefined ? undefined : call.account.keys.find(text(call, member));
  const key = call.account.keys.byId(keyIdOf(blob) ?? '');
  if (key === undefined) throw new Refusal('InvalidCiphertextException');
  if (named !== undefined && named !== key) {
    throw new Refusal(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  return { key, blob };
}

function usable(call: Call, permission: Permission, key: Key, context: Context): Key {
  permitted(call, permission, key, context);
  if (key.usage !== 'ENCRYPT_DECRYPT')
    throw new Refusal(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${permission}.`,
    );
  if (key.state === 'Disabled') throw new Refusal('DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion') throw new Refusal('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  if (key.state === 'PendingImport') throw new Refusal('KMSInvalidStateException', `${key.arn} is pending import.`);
  if (key.state === 'Unavailable') throw new Refusal('KMSInvalidStateException', `${key.arn} is unavailable.`);
  return key;
}

function permitted({ account, principal }: Call, permission: Permission, key: Key, context: Context): Key {
  if (account.allows(principal, permission, key, context)) return key;
  const text = `User: ${principal.arn} is not authorized to perform: kms:${permission} on resource: ${key.arn} because no identity-based policy allows the kms:${permission} action`;
  throw new Refusal('AccessDeniedException', text, { member: 'Message' });
}

function endDryRun({ request }: Call): void {
  if (request['DryRun'] === true)
    throw new Refusal('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
}

function contextOf({ request }: Call, member: string): Context {
  return (request[member] ?? {}) as Context;
}

function text({ request }: Call, member: string): string {
  return String(request[member]);
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
