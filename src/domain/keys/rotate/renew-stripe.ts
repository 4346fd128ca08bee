import { setImmediate } from 'node:timers/promises';
import type { BatchFault, CipherBatch } from '../../../crypto/batch.ts';
import { kidOf, PREFIX } from '../../../crypto/ciphertext.ts';
import type { CipherKey } from '../../../crypto/cipher-key.ts';
import type { EncryptedPair } from '../../encryption/registry.ts';
import type { KeyRing } from './key-ring.ts';
import type { BadValue, Stripe } from './stripe.ts';
import type { RotationTable } from './types.ts';

export interface Renewal {
  readonly batch: CipherBatch;
  readonly ring: KeyRing;
  readonly to: CipherKey;
}

export interface RenewedStripe {
  /** New texts as packed as the old ones; an empty field: left alone. */
  readonly texts: readonly string[];
  readonly bad: readonly BadValue[];
}

/** `os1_` and the kid. */
const HEAD_CHARACTERS = PREFIX.length + 8;

/**
 * Re-encrypts every pending value of a stripe, one column after the other; between columns what waits for the network is
 * let through, so that the server gets the previous stripe while this one is encrypted.
 * @throws RangeError when a text has not as many fields as there are rows: a value holds a comma, or is empty
 */
export async function renewStripe(renewal: Renewal, table: RotationTable, stripe: Stripe): Promise<RenewedStripe> {
  const texts: string[] = [];
  const bad: BadValue[] = [];
  for (const [position, pair] of table.pairs.entries()) {
    const packed = stripe.texts[position] ?? '';
    if (packed.length === stripe.rows - 1) {
      texts.push(packed);
      continue;
    }
    const { texts: renewed, faults } = await renewColumn(renewal, { table, pair, stripe, packed });
    texts.push(renewed);
    if (faults.length > 0) bad.push(...namedFaults(stripe, pair, faults));
    await setImmediate();
  }
  return { texts, bad };
}

interface Column {
  readonly table: RotationTable;
  readonly pair: EncryptedPair;
  readonly stripe: Stripe;
  readonly packed: string;
}

async function renewColumn({ batch, ring, to }: Renewal, { table, pair, stripe, packed }: Column) {
  const request = {
    place: { table: table.table.logicalName, column: pair.value },
    rowIds: stripe.rowIds,
    texts: packed,
    keys: ring.keys,
    to,
  };
  // Most often one old key is under all of it: known before the first value is tried.
  await ring.learn([firstKid(packed)]);
  const outcome = batch.reencryptPacked(request);
  const unknown = outcome.faults.filter(({ fault }) => fault === 'unknown_key');
  if (unknown.length === 0) return outcome;
  const fields = packed.split(',');
  const learned = await ring.learn(unknown.map(({ index }) => kidOf(fields[index] ?? '')));
  return learned ? batch.reencryptPacked(request) : outcome;
}

function firstKid(packed: string): string | undefined {
  let at = 0;
  while (packed[at] === ',') at += 1;
  return kidOf(packed.slice(at, at + HEAD_CHARACTERS));
}

function namedFaults({ ids }: Stripe, { value }: EncryptedPair, faults: readonly BatchFault[]): BadValue[] {
  const names = ids.split(',');
  return faults.map(({ index, fault }) => ({ id: names[index] ?? '', column: value, reason: fault }));
}
