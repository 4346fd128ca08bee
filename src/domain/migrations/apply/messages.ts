import type { MigrationScript } from '../file/migration.ts';

/** What goes to the server in one simple-protocol message: a slice of the file, so that positions map back. */
export interface Message {
  readonly text: string;
  /** UTF-16 offset of `text` in the script. */
  readonly offset: number;
  /** 0-based numbers of the first and the last statement in it. */
  readonly first: number;
  readonly last: number;
}

/**
 * Up to so many statements go one by one, so that the failing one is known exactly. Beyond, one message per statement
 * would cost twice what psql takes, and batches of 100 about 0.6 times; there the error's position gives the line.
 */
const SINGLY = 300;
const BATCH = 100;
const BATCH_CHARACTERS = 1_000_000;

export function messagesOf(script: MigrationScript): Message[] {
  const perMessage = script.statements.length <= SINGLY ? 1 : BATCH;
  const messages: Message[] = [];
  let first = 0;
  script.statements.forEach((statement, index) => {
    const start = script.statements[first]?.start ?? statement.start;
    const next = script.statements[index + 1];
    const full = index - first + 1 >= perMessage || (next !== undefined && next.end - start > BATCH_CHARACTERS);
    if (!full && next !== undefined) return;
    messages.push({ text: script.text.slice(start, statement.end), offset: start, first, last: index });
    first = index + 1;
  });
  return messages;
}
