import * as sdk from '@aws-sdk/client-s3';
import { escapeXml, Refusal } from './refusal.ts';

/**
 * The published model of S3, as the SDK carries it: method, path and status of an operation, the members of its request and
 * answer, which must be there, and where each travels (header, query, path, body). A structure is [3, namespace, name,
 * traits, member names, member types, number required], the required ones first; a member's type is a type or
 * [type, traits]; an operation is [9, namespace, name, traits, () => request, () => answer].
 */
type Structure = readonly [number, string, string, unknown, readonly string[], readonly unknown[], number?];
type Operation = readonly [
  number,
  string,
  string,
  { http: [string, string, number] },
  () => Structure,
  () => Structure,
];

const NAMES = [
  'PutObject',
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'ListObjectsV2',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListMultipartUploads',
] as const;

export type OperationName = (typeof NAMES)[number];
export type Members = Readonly<Record<string, unknown>>;

export interface Http {
  readonly method: string;
  /** Without the bucket: '' for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface Member {
  readonly name: string;
  readonly type: unknown;
  readonly required: boolean;
  readonly traits: {
    readonly httpHeader?: string;
    readonly httpQuery?: string;
    readonly xmlName?: string;
    readonly xmlFlattened?: 1;
    readonly httpPayload?: 1;
  };
}

function operationOf(name: OperationName): Operation {
  return (sdk as unknown as Record<string, Operation>)[`${name}$`] as Operation;
}

function membersOf([, , , , names, types, required = 0]: Structure): Member[] {
  return names.map((name, index) => {
    const [type, traits] =
      Array.isArray(types[index]) && types[index].length === 2 ? (types[index] as unknown[]) : [types[index], {}];
    return {
      name,
      type,
      required: index < required,
      traits: (typeof traits === 'object' ? traits : {}) as Member['traits'],
    };
  });
}

/** The operation a request asks for: by method, bucket or key, and the query members that the model requires. */
export function matchOperation({ method, key, query }: Http): OperationName | undefined {
  const fitting = NAMES.flatMap((name) => {
    const [, , , traits, request] = operationOf(name);
    const [verb, template] = traits.http;
    const literal = [...new URLSearchParams(template.split('?')[1] ?? '')].filter(([word]) => word !== 'x-id');
    const needed = membersOf(request()).flatMap(({ required, traits: { httpQuery } }) =>
      required && httpQuery ? [httpQuery] : [],
    );
    const fits =
      verb === method &&
      template.startsWith('/{Key+}') === (key !== '') &&
      literal.every(([word, value]) => query.get(word) === value) &&
      needed.every((word) => query.has(word));
    return fits ? [{ name, specific: literal.length + needed.length }] : [];
  });
  return fitting.toSorted((one, two) => two.specific - one.specific)[0]?.name;
}

/** Headers of every request, whatever the operation. */
const COMMON_HEADERS = /^(?:x-amz-(?:date|content-sha256|security-token|user-agent)|amz-sdk-.*)$/u;
const COMMON_QUERY = new Set(['x-id', 'uploads', 'list-type']);
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  ChecksumAlgorithm: Object.values(sdk.ChecksumAlgorithm),
  ChecksumType: Object.values(sdk.ChecksumType),
  ObjectLockMode: Object.values(sdk.ObjectLockMode),
};

/** The members of a request by where they travel. Refuses what is not in the model, is missing, or has another form. */
export function parseRequest(name: OperationName, bucket: string, http: Http): Members {
  const members = membersOf(operationOf(name)[4]());
  const known = new Set(
    members.flatMap(({ traits }) => [traits.httpHeader?.toLowerCase() ?? [], traits.httpQuery ?? []].flat()),
  );
  for (const header of Object.keys(http.headers)) {
    if (header.startsWith('x-amz-') && !COMMON_HEADERS.test(header) && !known.has(header)) {
      throw new Refusal('InvalidArgument', `${header} is not a header of ${name}`);
    }
  }
  for (const word of http.query.keys()) {
    if (!COMMON_QUERY.has(word) && !known.has(word)) throw new Refusal('InvalidArgument', `${word} is not in ${name}`);
  }
  const given = members.flatMap(({ name: member, type, traits }) => {
    const text = traits.httpHeader
      ? http.headers[traits.httpHeader.toLowerCase()]
      : traits.httpQuery
        ? http.query.get(traits.httpQuery)
        : undefined;
    return text === undefined || text === null ? [] : [[member, valueOf(member, type, text)] as const];
  });
  const request: Members = {
    Bucket: bucket,
    ...(http.key === '' ? {} : { Key: http.key }),
    ...Object.fromEntries(given),
  };
  const missing = members.find(({ name: member, required }) => required && request[member] === undefined);
  if (missing !== undefined) throw new Refusal('InvalidRequest', `Missing required ${missing.name} for this request`);
  return request;
}

function valueOf(member: string, type: unknown, text: string): unknown {
  const refused = () => new Refusal('InvalidArgument', `Invalid value for ${member}`);
  if (VALUES[member]?.includes(text) === false) throw refused();
  const value = simple(type) === 1 ? Number(text) : isTime(type) ? Date.parse(text) : text;
  if (Number.isNaN(value)) throw refused();
  return value;
}

/** Everything about an answer that leaves the model: members it does not know, and values of another type. */
export function answerFaults(name: OperationName, answer: Members): string[] {
  return structureFaults(operationOf(name)[5](), answer);
}

function structureFaults(structure: Structure, value: Members): string[] {
  const members = membersOf(structure);
  const unknown = Object.keys(value).filter((name) => !members.some((member) => member.name === name));
  const missing = members.filter(({ name, required }) => required && value[name] === undefined);
  return [
    ...unknown.map((name) => `${name} is not in the model`),
    ...missing.map(({ name }) => `${name} is missing`),
    ...members.flatMap(({ name, type }) => (value[name] === undefined ? [] : typeFaults(name, type, value[name]))),
  ];
}

function typeFaults(name: string, type: unknown, value: unknown): string[] {
  if (Buffer.isBuffer(value)) return name === 'Body' ? [] : [`${name} is no blob`];
  if (Array.isArray(value)) return value.flatMap((item) => structureFaults(listed(type), item as Members));
  const expected = isTime(type) ? 'object' : { 0: 'string', 1: 'number', 2: 'boolean' }[simple(type)];
  return typeof value === expected ? [] : [`${name} is a ${typeof value}, not a ${String(expected)}`];
}

/** Status, headers and body of an answer, each member where the model puts it. */
export function renderAnswer(
  name: OperationName,
  answer: Members,
): { status: number; headers: Record<string, string>; body: Buffer } {
  const [, , , { http }, , output] = operationOf(name);
  const structure = output();
  const headers: Record<string, string> = {};
  const inner: string[] = [];
  for (const { name: member, type, traits } of membersOf(structure)) {
    const value = answer[member];
    if (value === undefined || Buffer.isBuffer(value)) continue;
    if (traits.httpHeader === undefined) inner.push(element(traits.xmlName ?? member, type, value));
    else headers[traits.httpHeader.toLowerCase()] = value instanceof Date ? value.toUTCString() : plain(value);
  }
  const root = (structure[3] as { xmlName?: string } | 0) || {};
  const xml =
    root.xmlName === undefined
      ? ''
      : `<?xml version="1.0" encoding="UTF-8"?>\n<${root.xmlName} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner.join('')}</${root.xmlName}>`;
  if (xml === '' && inner.length > 0) throw new Error(`${name} has no document for ${inner.join('')}`);
  const body = Buffer.isBuffer(answer['Body']) ? answer['Body'] : Buffer.from(xml);
  return { status: answer['ContentRange'] === undefined ? http[2] : 206, headers, body };
}

function element(name: string, type: unknown, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => element(name, listed(type), item)).join('');
  if (value instanceof Date) return `<${name}>${value.toISOString()}</${name}>`;
  if (typeof value !== 'object') return `<${name}>${escapeXml(plain(value))}</${name}>`;
  const members = membersOf(resolved(type) as Structure);
  const inner = members.flatMap(({ name: member, type: inside, traits }) => {
    const item = (value as Members)[member];
    return item === undefined ? [] : [element(traits.xmlName ?? member, inside, item)];
  });
  return `<${name}>${inner.join('')}</${name}>`;
}

/** The model has checked that it is text, a number or a truth value. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The type of the items of a list: [1, namespace, name, traits, item]. */
function listed(type: unknown): Structure {
  const list = resolved(type);
  return (Array.isArray(list) && list[0] === 1 ? resolved(list[4]) : list) as Structure;
}

/** 4 is a time in the form of its place; 5, 6 and 7 are ISO 8601, HTTP and seconds. */
function isTime(type: unknown): boolean {
  return simple(type) >= 4 && simple(type) <= 7;
}

function simple(type: unknown): number {
  return Number(resolved(type));
}

function resolved(type: unknown): unknown {
  const target: unknown = typeof type === 'function' ? (type as () => unknown)() : type;
  if (Array.isArray(target) && target.length === 2) return resolved(target[0]);
  if (Array.isArray(target) && target[0] === 0) return resolved(target[4]);
  return target;
}
