import type { KMSClient } from '@aws-sdk/client-kms';
import { KEY_BYTES } from '../../crypto/cipher-key.ts';
import type { DataKey } from '../../crypto/secret.ts';
import { Secret } from '../../crypto/secret.ts';
import type { KeyContext, KeyStore, Probe, WrappedKey } from '../keystore.ts';
import type { KmsConnection, KmsNeeds, Sdk } from './client.ts';
import { createKmsCaller } from './client.ts';
import type { KmsCall } from './errors.ts';
import { kmsError } from './errors.ts';
import { describeKey, namingBadKey } from './key-state.ts';

export interface KmsKeyStoreOptions extends KmsConnection {
  /** Key id, key ARN, alias name (alias/…) or alias ARN of the key that wraps new keys. */
  readonly key: string;
}

type Run = <Answer>(
  call: KmsCall,
  attempt: (client: KMSClient, sdk: Sdk, abort: { abortSignal: AbortSignal }) => Promise<Answer>,
) => Promise<Answer>;

/** A key store in AWS KMS. The SDK is loaded and the network touched at the first operation. */
export function createKmsKeyStore(needs: KmsNeeds, { key, ...connection }: KmsKeyStoreOptions): KeyStore {
  const caller = createKmsCaller(needs, connection);
  const run: Run = (call, attempt) =>
    caller.call(call, attempt).catch((error: unknown) => namingBadKey(caller, call, error));
  return {
    provider: 'aws-kms',
    generateDataKey: async (context) => {
      const { Plaintext, CiphertextBlob, KeyId } = await generate(run, key, context, false);
      const call: KmsCall = { operation: 'GenerateDataKey', key };
      return { dataKey: dataKeyFrom(call, Plaintext), ...wrappedFrom(call, CiphertextBlob, KeyId, context) };
    },
    wrap: (dataKey, context) => encrypt(run, key, dataKey, context),
    unwrap: async (wrapped) => {
      const { Plaintext, KeyId } = await decrypt(run, wrapped, false);
      const call: KmsCall = { operation: 'Decrypt', key: wrapped.providerKey };
      // KMS was told which key to use; an answer made with another one is not KMS's.
      if (KeyId !== wrapped.providerKey) throw wrongAnswer(call);
      return dataKeyFrom(call, Plaintext);
    },
    rewrap: async (wrapped) => {
      const { CiphertextBlob, KeyId } = await reencrypt(run, wrapped, key, false);
      return wrappedFrom({ operation: 'ReEncrypt', key }, CiphertextBlob, KeyId, wrapped.context);
    },
    describe: () => describeKey(caller, key),
    probe: (probe) => dryRun(run, key, probe),
    close: () => caller.close(),
  };
}

/** Asks KMS for everything a run will ask for, with DryRun: rights, states and contexts are checked, nothing is done. */
async function dryRun(run: Run, key: string, { create, unwrap, rewrap }: Probe): Promise<void> {
  for (const context of create) forget(await generate(run, key, context, true));
  for (const wrapped of unwrap) forget(await decrypt(run, wrapped, true));
  for (const wrapped of rewrap) await reencrypt(run, wrapped, key, true);
}

/** An endpoint that knows no DryRun does the real thing. */
function forget({ Plaintext }: { readonly Plaintext?: Uint8Array | undefined }): void {
  Plaintext?.fill(0);
}

function generate(run: Run, key: string, context: KeyContext, DryRun: boolean) {
  return run({ operation: 'GenerateDataKey', key }, (client, sdk, abort) =>
    orDryRun(
      client.send(
        new sdk.GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256', EncryptionContext: context, DryRun }),
        abort,
      ),
    ),
  );
}

async function encrypt(run: Run, key: string, dataKey: DataKey, context: KeyContext): Promise<WrappedKey> {
  const call: KmsCall = { operation: 'Encrypt', key };
  const { CiphertextBlob, KeyId } = await run(call, (client, sdk, abort) =>
    client.send(new sdk.EncryptCommand({ KeyId: key, Plaintext: dataKey.expose(), EncryptionContext: context }), abort),
  );
  return wrappedFrom(call, CiphertextBlob, KeyId, context);
}

function decrypt(run: Run, { wrapped, providerKey, context }: WrappedKey, DryRun: boolean) {
  return run({ operation: 'Decrypt', key: providerKey }, (client, sdk, abort) => {
    const request = {
      CiphertextBlob: Buffer.from(wrapped, 'base64'),
      KeyId: providerKey,
      EncryptionContext: context,
      DryRun,
    };
    return orDryRun(client.send(new sdk.DecryptCommand(request), abort));
  });
}

function reencrypt(run: Run, { wrapped, providerKey, context }: WrappedKey, destination: string, DryRun: boolean) {
  return run({ operation: 'ReEncrypt', key: providerKey, destination }, (client, sdk, abort) => {
    const request = {
      CiphertextBlob: Buffer.from(wrapped, 'base64'),
      SourceKeyId: providerKey,
      SourceEncryptionContext: context,
      DestinationKeyId: destination,
      DestinationEncryptionContext: context,
      DryRun,
    };
    return orDryRun(client.send(new sdk.ReEncryptCommand(request), abort));
  });
}

/** KMS answers a dry run that would have succeeded with an error of this name. */
async function orDryRun<Answer extends object>(answer: Promise<Answer>): Promise<Partial<Answer>> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === 'DryRunOperationException') return {};
    throw error;
  }
}

function dataKeyFrom(call: KmsCall, bytes: Uint8Array | undefined): DataKey {
  if (bytes?.length !== KEY_BYTES) throw wrongAnswer(call);
  return new Secret('data key', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function wrappedFrom(
  call: KmsCall,
  blob: Uint8Array | undefined,
  keyId: string | undefined,
  context: KeyContext,
): WrappedKey {
  if (blob === undefined || keyId === undefined || !keyId.startsWith('arn:')) throw wrongAnswer(call);
  return { wrapped: Buffer.from(blob).toString('base64'), providerKey: keyId, context };
}

function wrongAnswer(call: KmsCall) {
  return kmsError(call, { fault: 'wrong_answer', name: 'answer', requestId: undefined, detail: undefined }, 1);
}
