import { inspect } from 'node:util';
import { OrdersyncError } from '../errors.ts';
import { jsonText } from './json.ts';
import { paintedStyle } from './paint.ts';
import { withoutEscapes } from './sanitize.ts';
import { plainStyle } from './style.ts';
import type { Terminal } from './terminal.ts';

export interface ErrorOptions {
  readonly terminal: Pick<Terminal, 'color'>;
  /** `json` writes one JSON object, every other format text. */
  readonly format: 'json' | 'table';
  /** Adds the stack and the causes to a failure that has a name. */
  readonly debug: boolean;
  /** Takes secrets out of a text; every text of an error passes through it. */
  readonly redact: (text: string) => string;
}

const WHERE_TO_REPORT = 'this is a bug in ordersync: please report it with the lines above and `ordersync --version`';

/**
 * A failure as text for stderr: `ordersync: <what>`, the lines that belong to it, `hint: <what next>`. As JSON:
 * `{"error":{code, message, sqlstate, hint, body, …facts}}`. Anything but an OrdersyncError is an internal error and
 * shows its stack.
 */
export function renderError(error: unknown, options: ErrorOptions): string {
  const described = describe(error, options.debug);
  return options.format === 'json' ? asJson(described, options.redact) : asText(described, options);
}

interface Described {
  readonly code: string;
  readonly message: string;
  readonly sqlstate?: string | undefined;
  readonly body: readonly string[];
  readonly stack: readonly string[];
  readonly hint?: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

function describe(error: unknown, debug: boolean): Described {
  if (!(error instanceof OrdersyncError)) {
    const stack = stackLines(error);
    return { code: 'internal', message: 'internal error', body: [], stack, hint: WHERE_TO_REPORT, facts: {} };
  }
  const { hint, sqlstate, body = [], facts = {} } = error.details;
  return {
    code: error.code,
    message: error.message,
    sqlstate,
    body,
    stack: debug ? stackLines(error) : [],
    hint,
    facts,
  };
}

function asText(described: Described, { terminal, redact }: ErrorOptions): string {
  const style = terminal.color ? paintedStyle() : plainStyle;
  const clean = (text: string): string => withoutEscapes(redact(text));
  const sqlstate = described.sqlstate === undefined ? '' : style.dim(` (SQLSTATE ${described.sqlstate})`);
  const lines = [
    `${style.bad('ordersync:')} ${clean(described.message)}${sqlstate}`,
    ...[...described.body, ...described.stack].map((line) => `  ${clean(line)}`.trimEnd()),
    ...(described.hint === undefined ? [] : [`${style.bold('hint:')} ${clean(described.hint)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function asJson(described: Described, redact: (text: string) => string): string {
  const { facts, body, stack, ...named } = described;
  const error = {
    ...facts,
    ...named,
    ...(body.length > 0 ? { body } : {}),
    ...(stack.length > 0 ? { stack } : {}),
  };
  return `${jsonText(redacted({ error }, redact))}\n`;
}

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((member) => redacted(member, redact));
  // Facts are plain data; a date or an error among them knows its own JSON.
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, redacted(member, redact)]));
}

// A cause that is its own ancestor would never end.
const MOST_CAUSES = 8;

/** Stacks of an error and its causes. Only message and stack: a driver's error also carries parameters and row data. */
function stackLines(error: unknown): readonly string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && current !== undefined; depth += 1) {
    const text = stackOf(current);
    lines.push(...`${depth === 0 ? '' : 'caused by: '}${text}`.split('\n'));
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}

function stackOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? `${thrown.name}: ${thrown.message}`;
  return typeof thrown === 'string' ? thrown : inspect(thrown);
}
