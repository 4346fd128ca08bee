import { readServerLog, markServerLog } from '../../support/server-log.ts';
import type { Call } from './calls.ts';
import { dishonest, verdictsIn } from './calls.ts';
import type { Place, Role } from './place.ts';
import type { Answer } from '../../support/answer.ts';
import { shapeFaults } from './shape.ts';

/** Exit codes of an answer: looked, nothing could be looked at, not healthy. */
const ANSWERS = new Set([0, 3, 5]);
const REFUSALS = ['permission', 'not_enabled', 'precondition'];

/**
 * Calls a command as a role, and returns everything that is not as promised: a document of the documented shape or a refusal
 * that names what is missing, no verdict that a superuser is not told, and nothing in the server's log.
 */
export async function faultsOf(place: Place, role: Role, call: Call): Promise<readonly string[]> {
  const words = `${call.words} --format json`;
  const mark = await markServerLog(place.server.logFile);
  const { code, stdout, stderr } = await place.ordersync(role, words);
  const faults = stdout === '' ? refusalFaults(code, stderr) : answerFaults(code, stdout, call);
  if (stdout === '' && role === 'superuser') faults.push('refuses a superuser');
  if (/[^\P{Cc}\n]/u.test(`${stdout}${stderr}`)) faults.push('has control characters in it');
  if (faults.length === 0 && stdout !== '') faults.push(...(await dishonesty(place, role, words, stdout)));
  faults.push(...(await errorsSince(mark, place)));
  return faults.map((fault) => `${call.words}: ${fault}`);
}

/** What a superuser was told last, by place and words. */
const TOLD = new WeakMap<Place, Map<string, ReadonlyMap<string, string>>>();

async function dishonesty(place: Place, role: Role, words: string, stdout: string): Promise<readonly string[]> {
  const told = TOLD.get(place) ?? new Map<string, ReadonlyMap<string, string>>();
  TOLD.set(place, told);
  const ask = async (who: Role) => verdictsIn(JSON.parse((await place.ordersync(who, words)).stdout) as Answer);
  if (role === 'superuser') told.set(words, verdictsIn(JSON.parse(stdout) as Answer));
  const known = told.get(words) ?? (await ask('superuser'));
  if (dishonest(verdictsIn(JSON.parse(stdout) as Answer), known).length === 0) return [];
  // Figures change by themselves: what is not so when both are asked anew is nothing.
  return dishonest(await ask(role), await ask('superuser'));
}

/** Everything beyond a LOG line: the server is ours alone. */
export async function errorsSince(mark: number, { server }: Place): Promise<readonly string[]> {
  const entries = await readServerLog(mark, { logFile: server.logFile });
  return entries.filter((entry) => / (?:WARNING|ERROR|FATAL|PANIC): {2}/.test(entry));
}

export async function markLog({ server }: Place): Promise<number> {
  return markServerLog(server.logFile);
}

function answerFaults(code: number, stdout: string, { command, shape }: Call): string[] {
  let answer: Answer;
  try {
    answer = JSON.parse(stdout) as Answer;
  } catch {
    return [`is no JSON: ${stdout.slice(0, 200)}`];
  }
  return [...(ANSWERS.has(code) ? [] : [`exit code ${code}`]), ...shapeFaults(answer, command, shape)];
}

/** The error is the last line; whatever is before it was said on the way. */
function refusalFaults(code: number, stderr: string): string[] {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  let error: { readonly code?: string; readonly hint?: string } = {};
  try {
    ({ error } = JSON.parse(last) as { error: typeof error });
  } catch {
    return [`exit code ${code} without a reason: ${last}`];
  }
  const known = REFUSALS.includes(error.code ?? '') && (code === 3 || code === 4);
  return [...(known ? [] : [`exit code ${code}: ${last}`]), ...(error.hint ? [] : [`no hint: ${last}`])];
}
