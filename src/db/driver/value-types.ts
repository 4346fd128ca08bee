import { formatArray, parseArray } from './array-text.ts';

/**
 * How values cross the wire, by type oid (pg_type.dat; the oids of built-in types never change).
 *
 * Exact values stay text: int8, numeric, date, timestamp, timestamptz, interval and every type not named here. The
 * driver's own table would cut timestamps to milliseconds in both directions and turn `infinity` into an invalid date.
 * Arrays of built-in types are known without asking the server (fetch_types costs a query and 10 KB for each connection);
 * arrays of other types arrive as text: cast them to text[].
 */
const TEXT = 25;

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text.slice(2), 'hex'),
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  114: (text) => JSON.parse(text) as unknown,
  3802: (text) => JSON.parse(text) as unknown,
};

const formatTime = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));

const FORMATTERS: Readonly<Record<number, (value: unknown) => string>> = {
  16: (value) => (typeof value === 'boolean' ? (value ? 't' : 'f') : String(value)),
  17: (value) => (value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value)),
  1082: formatTime,
  1114: formatTime,
  1184: formatTime,
  114: (value) => JSON.stringify(value),
  3802: (value) => JSON.stringify(value),
};

/** Element type → array type. */
const ARRAYS: Readonly<Record<number, number>> = {
  16: 1000, // bool
  17: 1001, // bytea
  18: 1002, // "char"
  19: 1003, // name
  20: 1016, // int8
  21: 1005, // int2
  23: 1007, // int4
  25: 1009, // text
  26: 1028, // oid
  27: 1010, // tid
  28: 1011, // xid
  114: 199, // json
  142: 143, // xml
  650: 651, // cidr
  700: 1021, // float4
  701: 1022, // float8
  829: 1040, // macaddr
  869: 1041, // inet
  1033: 1034, // aclitem
  1042: 1014, // bpchar
  1043: 1015, // varchar
  1082: 1182, // date
  1083: 1183, // time
  1114: 1115, // timestamp
  1184: 1185, // timestamptz
  1186: 1187, // interval
  1700: 1231, // numeric
  2202: 2207, // regprocedure
  2205: 2210, // regclass
  2206: 2211, // regtype
  2950: 2951, // uuid
  3220: 3221, // pg_lsn
  3802: 3807, // jsonb
  5069: 271, // xid8
};

export interface ValueTypes {
  readonly parsers: Record<number, (text: string) => unknown>;
  readonly serializers: Record<number, (value: unknown) => unknown>;
  /** Element type → array type, for `sql.array`. */
  readonly typeArrayMap: Record<number, number>;
}

/** Fresh tables for each connection, because postgres.js writes into them. */
export function valueTypes(): ValueTypes {
  const parsers: ValueTypes['parsers'] = { ...PARSERS };
  const serializers: ValueTypes['serializers'] = { ...FORMATTERS };
  for (const [element, array] of Object.entries(ARRAYS)) {
    const parse = PARSERS[Number(element)] ?? String;
    const format = FORMATTERS[Number(element)] ?? String;
    parsers[array] = (text) => parseArray(text, parse);
    // A text is taken for an array literal.
    serializers[array] = (value) => (Array.isArray(value) ? formatArray(value, format) : value);
  }
  serializers[TEXT] = String;
  return { parsers, serializers, typeArrayMap: { ...ARRAYS } };
}
