/** Bytes that are not what they should be. The reader of a file puts its name to it. */
export class ParquetDamage extends Error {
  override readonly name = 'ParquetDamage';
}

export function damageUnless(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ParquetDamage(what);
}
