import * as v from 'valibot';
import { OrdersyncError } from '../../../errors.ts';
import { canonicalJson } from './canonical.ts';
import type { SignedManifest } from './manifest.ts';
import { supersedingContradictions } from './superseding.ts';

/** A month of twelve sources with every hour in each is one megabyte. */
export const MANIFEST_BYTES = 64 * 1024 * 1024;

const text = v.pipe(v.string(), v.nonEmpty());
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u, 'sha256 in lower-case hex'));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const instant = v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/u, 'a time in UTC'));

const column = v.strictObject({ name: text, type: text, oid: count, nullable: v.boolean() });
const leaf = v.strictObject({ hour: v.nullable(instant), rows: count, sha256: digest });
const file = v.strictObject({ key: text, bytes: count, sha256: digest, rows: count });

const source = v.strictObject({
  table: text,
  columns: v.pipe(v.array(column), v.minLength(1)),
  timeColumn: v.nullable(text),
  orderedBy: v.array(text),
  rows: count,
  minTime: v.nullable(instant),
  maxTime: v.nullable(instant),
  root: digest,
  leaves: v.array(leaf),
  keyIds: v.record(text, count),
  files: v.array(file),
});

const superseded = v.strictObject({
  sequence: v.pipe(count, v.minValue(1)),
  digest,
  kind: v.picklist(['month', 'supplement']),
  sources: v.array(
    v.strictObject({
      table: text,
      root: digest,
      unchanged: v.nullable(v.strictObject({ columns: v.array(text), root: digest, leaves: v.array(leaf) })),
    }),
  ),
});

const manifest = v.strictObject({
  format: v.literal('ordersync-archive/1'),
  sequence: v.pipe(count, v.minValue(1)),
  kind: v.picklist(['month', 'supplement', 'rewrap']),
  supersedes: v.exactOptional(superseded),
  table: text,
  month: v.pipe(v.string(), v.regex(/^\d{4}-(?:0[1-9]|1[0-2])$/u, 'a month')),
  lower: instant,
  upper: instant,
  sources: v.pipe(v.array(source), v.minLength(1)),
  schemaVersion: text,
  database: v.strictObject({ systemIdentifier: text, name: text }),
  tool: text,
  createdAt: instant,
  previous: v.nullable(digest),
});

const signedManifest = v.strictObject({
  manifest,
  digest,
  signature: v.strictObject({ algorithm: v.literal('Ed25519'), key: text, value: text }),
});

/** The bytes of a manifest in a store: canonical JSON and the end of its one line. */
export function manifestBytes(signed: SignedManifest): Buffer {
  return Buffer.from(`${canonicalJson(signed)}\n`, 'utf8');
}

/**
 * Reads bytes that anybody may have written. Whether they are genuine is for verifySignature and verifyChain to say.
 * @param place what to call them: `manifests/000000001.json`
 * @throws OrdersyncError `unhealthy`, reason `not_a_manifest` or `newer_manifest`
 */
export function parseManifest(bytes: Uint8Array, place: string): SignedManifest {
  const json = parseJson(bytes, place);
  requireKnownFormat(json, place);
  const parsed = v.safeParse(signedManifest, json);
  if (!parsed.success) throw notAManifest(place, parsed.issues.slice(0, 10).map(describeIssue));
  // One meaning, one form: twice the same member, or a number that was rounded, would be lost in parsing.
  if (!manifestBytes(parsed.output).equals(bytes)) throw notAManifest(place, ['it is not in canonical form']);
  const contradictions = [
    ...parsed.output.manifest.sources.flatMap(contradictionsOf),
    ...supersedingContradictions(parsed.output.manifest),
  ];
  if (contradictions.length > 0) throw notAManifest(place, contradictions);
  return parsed.output;
}

function parseJson(bytes: Uint8Array, place: string): unknown {
  if (bytes.length > MANIFEST_BYTES) throw notAManifest(place, [`it has ${bytes.length} bytes`]);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    throw notAManifest(place, ['it is no JSON in UTF-8']);
  }
}

function requireKnownFormat(json: unknown, place: string): void {
  const { format } = Object((Object(json) as { manifest?: unknown }).manifest) as { format?: unknown };
  if (typeof format !== 'string' || format === 'ordersync-archive/1' || !format.startsWith('ordersync-archive/'))
    return;
  throw new OrdersyncError('unhealthy', `${place} is a manifest of the format ${format.slice(0, 40)}`, {
    hint: 'use a version of ordersync that knows it',
    facts: { place, reason: 'newer_manifest' },
  });
}

/** Sums that do not add up were not written by this program. */
function contradictionsOf({ table, rows, leaves, files }: v.InferOutput<typeof source>): string[] {
  const sums = { leaves, files };
  return Object.entries(sums).flatMap(([name, parts]) => {
    const sum = parts.reduce((total, part) => total + part.rows, 0);
    return sum === rows ? [] : [`${table}: its ${name} have ${sum} rows, and it says ${rows}`];
  });
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'the document';
  return issue.expected === 'never'
    ? `${where}: no such member`
    : `${where}: must be ${issue.expected ?? 'something else'}`;
}

function notAManifest(place: string, body: readonly string[]): OrdersyncError {
  return new OrdersyncError('unhealthy', `${place} is not a manifest`, {
    body,
    hint: 'it was damaged or replaced; another copy of the archive may still have it',
    facts: { place, reason: 'not_a_manifest' },
  });
}
