import type { BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import type { BlindIndexColumn, EncryptedPair, EncryptedTable } from '../../encryption/registry.ts';
import { ENCRYPTED_TABLES, LONE_BLIND_INDEXES } from '../../encryption/registry.ts';

/** A column of hashes whose values are in the same row, encrypted: it can be computed anew. */
export interface IndexPlace {
  readonly table: EncryptedTable;
  readonly pair: EncryptedPair;
  readonly index: BlindIndexColumn;
}

/** Every column of a purpose that can be computed anew, in the order in which they are renewed. */
export function placesOf(purpose: BlindIndexPurpose): IndexPlace[] {
  return ENCRYPTED_TABLES.flatMap((table) =>
    table.pairs.flatMap((pair): IndexPlace[] =>
      pair.blindIndex?.purpose === purpose ? [{ table, pair, index: pair.blindIndex }] : [],
    ),
  );
}

/**
 * Columns of a purpose whose values are nowhere: a hash in them is renewed where the same value stands in a place of the
 * purpose, and ages out otherwise.
 */
export function lonePlacesOf(purpose: BlindIndexPurpose): (typeof LONE_BLIND_INDEXES)[number][] {
  return LONE_BLIND_INDEXES.filter((place) => place.purpose === purpose);
}
