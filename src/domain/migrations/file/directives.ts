import { closest } from './closest.ts';
import type { Directives, LintIgnore } from './migration.ts';
import type { FileProblem } from './problem.ts';
import { problemAt } from './problem.ts';
import type { Split } from './split.ts';

/**
 * Reads the comments that speak to ordersync. They stand in the comment block before the first statement, several on a line if
 * need be; `lint-ignore` may also stand right before or in the statement that it is about:
 *
 *     -- ordersync: no-transaction
 *     -- ordersync: lock-timeout=5s statement-timeout=10min
 *     -- ordersync: allow-empty
 *     -- ordersync: lint-ignore=drop-column reason: nothing has read it since release 41
 *
 * An unknown or misplaced one is a problem: a directive that is silently ignored is worse than none.
 */
export function readDirectives(
  source: { readonly file: string; readonly text: string },
  split: Pick<Split, 'statements' | 'lineComments'>,
): { readonly directives: Directives; readonly problems: readonly FileProblem[] } {
  const reading: Reading = { values: new Map(), lintIgnores: [], problems: [] };
  const bodyStart = split.statements[0]?.start ?? source.text.length + 1;
  for (const { start, end } of split.lineComments) {
    const comment = source.text.slice(start, end);
    const content = contentOf(comment, start < bodyStart);
    if (content === undefined) continue;
    const complain = (offset: number, message: string, hint: string): void => {
      reading.problems.push(problemAt(source, start + offset, { message, hint }));
    };
    if (content.kind === 'misspelt') complain(content.offset, `${content.word} is not a directive`, content.hint);
    else readComment(reading, { ...content, start, leading: start < bodyStart, complain });
  }
  return { directives: directivesOf(reading), problems: reading.problems };
}

interface Reading {
  readonly values: Map<Name, number>;
  readonly lintIgnores: LintIgnore[];
  readonly problems: FileProblem[];
}

interface Comment {
  readonly words: string;
  /** Of the words in the comment. */
  readonly offset: number;
  /** Of the comment in the text. */
  readonly start: number;
  readonly leading: boolean;
  readonly complain: (offset: number, message: string, hint: string) => void;
}

const TIMEOUTS = ['lock-timeout', 'statement-timeout'] as const;
const SWITCHES = ['no-transaction', 'allow-empty'] as const;
type Name = (typeof TIMEOUTS)[number] | (typeof SWITCHES)[number];
const NAMES: readonly Name[] = [...SWITCHES, ...TIMEOUTS];
const ALL_NAMES = [...NAMES, 'lint-ignore'];

type Content =
  | { readonly kind: 'words'; readonly words: string; readonly offset: number }
  | { readonly kind: 'misspelt'; readonly word: string; readonly offset: number; readonly hint: string };

/** The words after `-- ordersync:`, undefined for any other comment. Near misses count in the leading block only. */
function contentOf(comment: string, leading: boolean): Content | undefined {
  const exact = /^--+\s*ordersync\s*:/i.exec(comment);
  if (exact !== null) return { kind: 'words', words: comment.slice(exact[0].length), offset: exact[0].length };
  const near = /^(?<dashes>--+\s*)(?<word>[a-z]+)(?<colon>\s*:)?\s*(?<rest>[a-z-]*)/i.exec(comment)?.groups;
  if (!leading || near === undefined) return undefined;
  const directive = closest((near['rest'] ?? '').toLowerCase(), ALL_NAMES);
  const word = (near['word'] ?? '').toLowerCase();
  // Prose may well begin with the product's name; it takes a directive's name after it to be meant as one.
  if (directive === undefined || (word !== 'ordersync' && closest(word, ['ordersync']) === undefined)) return undefined;
  const meant = `${near['word'] ?? ''}${near['colon'] ?? ''} ${near['rest'] ?? ''}`;
  const hint = `did you mean "-- ordersync: ${directive}"?`;
  return { kind: 'misspelt', word: meant, offset: near['dashes']?.length ?? 0, hint };
}

function readComment(reading: Reading, comment: Comment): void {
  const words = /[^\s,]+/g;
  for (let match = words.exec(comment.words); match !== null; match = words.exec(comment.words)) {
    const offset = comment.offset + match.index;
    if (/^lint-ignore\b/i.test(match[0])) {
      readLintIgnore(reading, comment, { offset, words: comment.words.slice(match.index) });
      return;
    }
    readWord(reading, comment, { offset, word: match[0].toLowerCase() });
  }
  if (comment.words.trim() === '') comment.complain(0, 'an empty directive', `known are ${ALL_NAMES.join(', ')}`);
}

function readLintIgnore(reading: Reading, comment: Comment, at: { offset: number; words: string }): void {
  const form = 'write "-- ordersync: lint-ignore=<rule> reason: <why it is safe here>"';
  const parts = /^lint-ignore=(?<rules>[\w,-]+)(?:\s+reason:\s*(?<reason>.*))?$/i.exec(at.words.trim())?.groups;
  const reason = parts?.['reason']?.trim() ?? '';
  if (parts === undefined) return comment.complain(at.offset, 'lint-ignore names no rule', form);
  if (reason === '') return comment.complain(at.offset, 'lint-ignore gives no reason', form);
  for (const rule of (parts['rules'] ?? '').toLowerCase().split(',')) {
    reading.lintIgnores.push({ rule, reason, offset: comment.start, wholeFile: comment.leading });
  }
}

function readWord(reading: Reading, comment: Comment, at: { offset: number; word: string }): void {
  const [key = '', value] = at.word.split('=', 2);
  const name = NAMES.find((candidate) => candidate === key);
  if (name === undefined) return unknownDirective(comment, at.offset, key);
  if (!comment.leading) {
    const message = `the directive ${name} stands after the first statement`;
    return comment.complain(at.offset, message, 'move it to the top: it is about the whole file');
  }
  const parsed = valueOf(name, value);
  if (parsed === undefined) return wrongValue(comment, at.offset, name);
  if (reading.values.has(name)) {
    return comment.complain(at.offset, `the directive ${name} is given twice`, 'keep one of them');
  }
  reading.values.set(name, parsed);
}

function unknownDirective(comment: Comment, offset: number, word: string): void {
  const meant = closest(word, ALL_NAMES);
  const hint = meant === undefined ? `known are ${ALL_NAMES.join(', ')}` : `did you mean ${meant}?`;
  comment.complain(offset, `${word} is not a directive`, hint);
}

function wrongValue(comment: Comment, offset: number, name: Name): void {
  if (isTimeout(name)) {
    comment.complain(
      offset,
      `${name} is not a duration`,
      `write it with a unit, as in ${name}=5s; units are ms, s, min, h`,
    );
  } else comment.complain(offset, `${name} takes no value`, `write "-- ordersync: ${name}"`);
}

/** Milliseconds for a timeout, 1 for a switch, undefined for what is neither. */
function valueOf(name: Name, value: string | undefined): number | undefined {
  if (!isTimeout(name)) return value === undefined ? 1 : undefined;
  const parts = /^(?<count>\d+)(?<unit>ms|s|min|m|h)?$/.exec(value ?? '')?.groups;
  const count = Number(parts?.['count']);
  const factor = new Map([
    ['ms', 1],
    ['s', 1000],
    ['min', 60_000],
    ['m', 60_000],
    ['h', 3_600_000],
  ]).get(parts?.['unit'] ?? '');
  const ms = factor === undefined ? (count === 0 ? 0 : Number.NaN) : count * factor;
  return ms <= MAX_TIMEOUT_MS ? ms : undefined;
}

/** The server keeps timeouts in a signed 32-bit integer. */
const MAX_TIMEOUT_MS = 2_147_483_647;

function isTimeout(name: Name): boolean {
  return TIMEOUTS.some((timeout) => timeout === name);
}

function directivesOf({ values, lintIgnores }: Reading): Directives {
  const lockTimeoutMs = values.get('lock-timeout');
  const statementTimeoutMs = values.get('statement-timeout');
  return {
    transaction: !values.has('no-transaction'),
    allowEmpty: values.has('allow-empty'),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
    ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    lintIgnores,
  };
}
