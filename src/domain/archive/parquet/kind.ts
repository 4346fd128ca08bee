/** What a column holds, as far as its bytes in PostgreSQL and in Parquet go. */
export type Kind =
  | 'text'
  | 'json'
  | 'numeric'
  | 'uuid'
  | 'timestamp'
  | 'date'
  | 'boolean'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'double';

export interface ParquetColumn {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
}

/** Numbers of parquet.thrift: enum Type. */
export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, double: 5, byteArray: 6, fixed: 7 } as const;

/** How a kind is annotated: LogicalType is a union whose fields are numbered; ConvertedType is its older form. */
export interface KindFormat {
  readonly physical: (typeof PHYSICAL)[keyof typeof PHYSICAL];
  /** Bytes of a PLAIN value; undefined where they differ. A boolean takes a bit. */
  readonly width?: number;
  readonly converted?: number;
  readonly logical?: number;
  readonly bits?: number;
}

const LOGICAL = { string: 1, date: 6, timestamp: 8, integer: 10, json: 12, uuid: 14 } as const;

export const isTimestamp = ({ logical }: KindFormat): boolean => logical === LOGICAL.timestamp;

export const FORMATS: Readonly<Record<Kind, KindFormat>> = {
  text: { physical: PHYSICAL.byteArray, converted: 0, logical: LOGICAL.string },
  json: { physical: PHYSICAL.byteArray, converted: 19, logical: LOGICAL.json },
  // A DECIMAL has one scale for a whole column, and neither NaN nor infinity: only text keeps every numeric.
  numeric: { physical: PHYSICAL.byteArray, converted: 0, logical: LOGICAL.string },
  uuid: { physical: PHYSICAL.fixed, width: 16, logical: LOGICAL.uuid },
  timestamp: { physical: PHYSICAL.int64, width: 8, converted: 10, logical: LOGICAL.timestamp },
  date: { physical: PHYSICAL.int32, width: 4, converted: 6, logical: LOGICAL.date },
  boolean: { physical: PHYSICAL.boolean, width: 1 },
  int2: { physical: PHYSICAL.int32, width: 4, converted: 16, logical: LOGICAL.integer, bits: 16 },
  int4: { physical: PHYSICAL.int32, width: 4, converted: 17, logical: LOGICAL.integer, bits: 32 },
  int8: { physical: PHYSICAL.int64, width: 8, converted: 18, logical: LOGICAL.integer, bits: 64 },
  double: { physical: PHYSICAL.double, width: 8 },
};
