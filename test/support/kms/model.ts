import * as sdk from '@aws-sdk/client-kms';
import { validation } from './refusal.ts';

/**
 * The published model of KMS, as the SDK carries it: which members a structure has, of which type, and which must be
 * there. The generated schema is [3 or -3, namespace, name, traits, member names, member types, number required]; the
 * required members come first. A type is a number (or a list with a number and traits) of the SDK's own numbering.
 */
type Structure = readonly [number, string, string, unknown, readonly string[], readonly unknown[], number?];

const OPERATIONS = {
  GenerateDataKey: [sdk.GenerateDataKeyRequest$, sdk.GenerateDataKeyResponse$],
  Encrypt: [sdk.EncryptRequest$, sdk.EncryptResponse$],
  Decrypt: [sdk.DecryptRequest$, sdk.DecryptResponse$],
  ReEncrypt: [sdk.ReEncryptRequest$, sdk.ReEncryptResponse$],
  DescribeKey: [sdk.DescribeKeyRequest$, sdk.DescribeKeyResponse$],
} as const;

export type OperationName = keyof typeof OPERATIONS;
export type Members = Readonly<Record<string, unknown>>;

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(OPERATIONS, name);
}

/** Lengths the SDK's schemas leave out (KMS API Reference, "Request Parameters" of each operation), in bytes or characters. */
const LENGTHS: Readonly<Record<string, readonly [number, number]>> = {
  KeyId: [1, 2048],
  SourceKeyId: [1, 2048],
  DestinationKeyId: [1, 2048],
  CiphertextBlob: [1, 6144],
  Plaintext: [1, 4096],
  GrantTokens: [0, 10],
};
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  KeySpec: Object.values(sdk.DataKeySpec),
  EncryptionAlgorithm: Object.values(sdk.EncryptionAlgorithmSpec),
  SourceEncryptionAlgorithm: Object.values(sdk.EncryptionAlgorithmSpec),
  DestinationEncryptionAlgorithm: Object.values(sdk.EncryptionAlgorithmSpec),
};

/** Refuses a request that is not as the model says, with the error KMS gives. CiphertextBlob of Decrypt and ReEncrypt may
 * be left out only with a DryRunModifier, so the model does not count it as required; here it is. */
export function requireValidRequest(operation: OperationName, request: Members): void {
  const [problem] = [
    ...faultsOf(structureOf(OPERATIONS[operation][0]), request),
    ...missingBlob(operation, request),
    ...outOfRange(request),
  ];
  if (problem !== undefined) throw validation(lowerFirst(problem.member), problem.constraint);
}

/** What about an answer is not as the model says; empty when all is well. The contract test looks at every answer. */
export function answerFaults(operation: OperationName, answer: Members): string[] {
  return faultsOf(structureOf(OPERATIONS[operation][1]), answer).map(
    ({ member, constraint }) => `${member}: ${constraint}`,
  );
}

/** Names of the errors KMS models; the front end's common errors (ThrottlingException …) are not among them. */
export const MODELED_ERRORS: ReadonlySet<string> = new Set(
  Object.values(sdk).flatMap((shape) => (Array.isArray(shape) && shape[0] === -3 ? [shape[2]] : [])),
);

interface Fault {
  readonly member: string;
  readonly constraint: string;
}

function faultsOf(structure: Structure, value: Members): Fault[] {
  const [, , , , names, types, required = 0] = structure;
  const missing = names.slice(0, required).filter((name) => value[name] === undefined || value[name] === null);
  const unknown = Object.keys(value).filter((name) => !names.includes(name));
  return [
    ...missing.map((member) => ({ member, constraint: 'Member must not be null' })),
    ...unknown.map((member) => ({ member, constraint: 'Member is not in the model' })),
    ...names.flatMap((member, index) =>
      value[member] === undefined ? [] : typeFaults(member, types[index], value[member]),
    ),
  ];
}

function typeFaults(member: string, type: unknown, value: unknown): Fault[] {
  const target = resolved(type);
  if (Array.isArray(target) && target[0] === 3) {
    return typeof value === 'object' && value !== null
      ? faultsOf(structureOf(target), value as Members)
      : [{ member, constraint: 'Member must be a structure' }];
  }
  const simple = Number(Array.isArray(target) ? target[0] : target);
  const expected = SIMPLE[simple];
  if (expected === undefined)
    throw new Error(`the model has a type this file does not know: ${String(simple)} of ${member}`);
  return expected.accepts(value) ? [] : [{ member, constraint: `Member must be ${expected.name}` }];
}

/** The SDK's numbers for the types these operations use; a list or map is 64 or 128 plus the type of its members. */
const SIMPLE: Readonly<Record<number, { readonly name: string; readonly accepts: (value: unknown) => boolean }>> = {
  0: { name: 'a string', accepts: (value) => typeof value === 'string' },
  1: { name: 'a number', accepts: Number.isInteger },
  2: { name: 'a boolean', accepts: (value) => typeof value === 'boolean' },
  4: { name: 'a timestamp', accepts: (value) => typeof value === 'number' && value > 1e9 && value < 1e11 },
  21: {
    name: 'base64',
    accepts: (value) => typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value,
  },
  64: {
    name: 'a list of strings',
    accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  },
  128: {
    name: 'a map of strings',
    accepts: (value) =>
      typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string'),
  },
};

function resolved(type: unknown): unknown {
  const target: unknown = typeof type === 'function' ? (type as () => unknown)() : type;
  // [type, traits]: a type with traits of its own; [0, namespace, name, traits, type]: a named simple type.
  if (Array.isArray(target) && target.length === 2) return resolved(target[0]);
  if (Array.isArray(target) && target[0] === 0) return resolved(target[4]);
  return target;
}

function missingBlob(operation: OperationName, request: Members): Fault[] {
  const needed = operation === 'Decrypt' || operation === 'ReEncrypt';
  return needed && request['CiphertextBlob'] === undefined
    ? [{ member: 'CiphertextBlob', constraint: 'Member must not be null' }]
    : [];
}

function outOfRange(request: Members): Fault[] {
  return Object.entries(request).flatMap(([member, value]) => {
    const [least, most] = LENGTHS[member] ?? [0, Number.POSITIVE_INFINITY];
    const length = sizeOf(member, value);
    if (length < least) return [{ member, constraint: `Member must have length greater than or equal to ${least}` }];
    if (length > most) return [{ member, constraint: `Member must have length less than or equal to ${most}` }];
    const allowed = VALUES[member];
    return allowed === undefined || allowed.includes(value)
      ? []
      : [{ member, constraint: `Member must satisfy enum value set: [${allowed.join(', ')}]` }];
  });
}

function sizeOf(member: string, value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'string') return 1;
  return member === 'CiphertextBlob' || member === 'Plaintext' ? Buffer.from(value, 'base64').length : value.length;
}

function structureOf(schema: unknown): Structure {
  return schema as Structure;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
