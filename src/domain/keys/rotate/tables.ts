import type { KeyType } from '../../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import type { RotationTable } from './types.ts';

/** The tables with values of this type, in the order of the registry. @param only names; empty for all of them */
export function rotationTables(keyType: KeyType, only: readonly string[] = []): RotationTable[] {
  return ENCRYPTED_TABLES.filter(({ name }) => only.length === 0 || only.includes(name))
    .map((table) => ({ table, pairs: table.pairs.filter((pair) => pair.keyType === keyType) }))
    .filter(({ pairs }) => pairs.length > 0);
}
