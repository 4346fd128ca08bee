import type { Readable, Writable } from 'node:stream';
import { OrdersyncError } from '../errors.ts';
import { oneLine, visibleText } from './sanitize.ts';

export interface PromptStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Where the question is drawn: stdout belongs to results. */
  readonly stderr: Writable;
}

export interface NameQuestion {
  readonly message: string;
  /** What has to be typed, letter by letter. */
  readonly expected: string;
  /** Ends the question as if the user had left it. */
  readonly signal?: AbortSignal;
}

/**
 * Asks once for a name to be typed. `aborted` when the user leaves with Ctrl-C or Ctrl-D, the input ends or the signal
 * aborts. Throws `not_confirmed` when the input is no terminal: what a pipe says is nobody's decision.
 */
export async function askForName(
  streams: PromptStreams,
  question: NameQuestion,
): Promise<'confirmed' | 'mismatch' | 'aborted'> {
  if (streams.stdin.isTTY !== true) {
    throw new OrdersyncError('not_confirmed', 'there is no terminal to ask on', {
      hint: `add --confirm ${question.expected} to confirm without a terminal`,
    });
  }
  const answer = await ask(streams, question);
  if (answer === undefined) return 'aborted';
  return answer.normalize('NFC') === question.expected.normalize('NFC') ? 'confirmed' : 'mismatch';
}

export interface SecretQuestion {
  readonly message: string;
  readonly signal?: AbortSignal;
}

/** Asks for a secret; a * is drawn for each character. Undefined when the user leaves, as with askForName. */
export async function askForSecret(streams: PromptStreams, question: SecretQuestion): Promise<string | undefined> {
  const { password } = await import('@inquirer/prompts');
  const message = oneLine(visibleText(question.message));
  return untilLeft(streams, question.signal, (context) =>
    password({ message, mask: '*', toggleMask: false, theme: PLAIN_THEME }, context),
  );
}

async function ask(streams: PromptStreams, { message, signal }: NameQuestion): Promise<string | undefined> {
  const { input } = await import('@inquirer/prompts');
  const theme = PLAIN_THEME;
  return untilLeft(streams, signal, (context) => input({ message: oneLine(visibleText(message)), theme }, context));
}

interface PromptContext {
  readonly input: PromptStreams['stdin'];
  readonly output: Writable;
  readonly signal: AbortSignal;
}

async function untilLeft(
  { stdin, stderr }: PromptStreams,
  signal: AbortSignal | undefined,
  prompt: (context: PromptContext) => Promise<string>,
): Promise<string | undefined> {
  const leaving = watchForLeaving(stdin, signal);
  try {
    return await prompt({ input: stdin, output: stderr, signal: leaving.signal });
  } catch (error) {
    if (isLeaving(error)) return undefined;
    throw error;
  } finally {
    leaving.stop();
  }
}

const keep = (text: string): string => text;

// inquirer colours by stdout and its own reading of the environment; a question needs no colour to be read.
const PLAIN_THEME = { prefix: '?', style: { message: keep, answer: keep, defaultAnswer: keep, error: keep } };

/** inquirer notices Ctrl-C, but neither Ctrl-D nor the end of the input: it would wait for ever (seen with 8.7.5). */
function watchForLeaving(stdin: Readable, outer: AbortSignal | undefined): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const leave = (): void => controller.abort();
  const onKeypress = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined): void => {
    if (key?.ctrl === true && key.name === 'd') leave();
  };
  stdin.on('keypress', onKeypress).on('end', leave).on('close', leave);
  return {
    signal: outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]),
    stop: () => void stdin.off('keypress', onKeypress).off('end', leave).off('close', leave),
  };
}

/** By name: the classes live in @inquirer/core, which is not a dependency of its own. */
function isLeaving(error: unknown): boolean {
  return error instanceof Error && ['ExitPromptError', 'AbortPromptError', 'CancelPromptError'].includes(error.name);
}
