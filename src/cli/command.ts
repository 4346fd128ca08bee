import type { Context, Work } from '../context.ts';
import type { Report, ScreenFrame } from '../output/report.ts';
import type { OptionSet, Values } from './options.ts';

/**
 * A command is data. A reader has `run` and `present`. A writer adds `plan` (decides, changes nothing), `presentPlan`
 * (what --dry-run prints) and `intent` (what is confirmed); `run` then gets the plan and re-checks it under its lock.
 */
export interface Command<O extends OptionSet, A extends OptionSet, Plan, Result> {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Paragraphs under the usage line of --help. */
  readonly description?: string;
  readonly options?: O;
  /** Positional arguments, in order. */
  readonly args?: A;
  /** Formats that need a report of verdicts, beside those that every command has. */
  readonly formats?: readonly VerdictFormat[];
  /** Whole command lines, at least one. */
  readonly examples: readonly string[];
  /** Set by commands that stream any number of rows: memory is kept flat at the price of some CPU time. */
  readonly steadyMemory?: true;
  /** A plan that is only to be shown may look at more than one that is carried out. */
  readonly plan?: (
    ctx: Context,
    request: Values<O> & Values<A>,
    answers: { readonly dryRun: boolean },
  ) => Work<Plan> | Promise<Plan>;
  readonly presentPlan?: (plan: Plan, request: Values<O> & Values<A>) => Report;
  /** How often to run and present again, for a command that watches; undefined for once. */
  readonly repeat?: (request: Values<O> & Values<A>) => Repetition | undefined;
  readonly intent?: (plan: Plan, request: Values<O> & Values<A>) => Intent | undefined;
  /** Where there is a terminal: draws on the whole of it until it is left, instead of run and present. */
  readonly screen?: (ctx: Context, request: Values<O> & Values<A>) => Promise<Screen>;
  readonly run: (ctx: Context, request: Values<O> & Values<A>, plan: Plan) => Work<Result> | Promise<Result>;
  readonly present: (result: Result, request: Values<O> & Values<A>) => Report;
}

export const VERDICT_FORMATS = ['nagios', 'junit'] as const;
export type VerdictFormat = (typeof VERDICT_FORMATS)[number];

/** What a full screen shows and heeds; cli/full-screen.ts draws it and reads the keys. */
export interface Screen {
  /** Milliseconds until the next look; undefined while it is paused. */
  readonly everyMs: number | undefined;
  /** Looks at the server. What the next look may mend is told in the frame; only what cannot be mended is thrown. */
  look(): Promise<void>;
  frame(): ScreenFrame;
  /** @param key a character, or one of the names of cli/keys.ts */
  press(key: string): 'nothing' | 'redraw' | 'look' | 'leave';
}

export interface Repetition {
  readonly everyMs: number;
  readonly times: number;
}

/** What a plan would change; undefined when it would change nothing, and then nobody is asked. */
export interface Intent {
  /** Completes "this will …": "roll back 3 migrations". */
  readonly action: string;
  /** Destructive intents are confirmed everywhere, others only in a protected environment. */
  readonly destructive: boolean;
}

/** The erased form that the program and the runner work with. */
// oxlint-disable-next-line typescript/no-explicit-any -- existential type: each command's own types were checked where it was defined
export type AnyCommand = Command<any, any, any, any>;

/** The verbs of a noun. A noun without verbs, such as `ordersync seed`, is a command itself. */
export interface Noun {
  /** Each verb's module loads only when the verb is chosen, or when all of them are listed. */
  readonly verbs: Readonly<Record<string, () => Promise<AnyCommand>>>;
}

/** The verbs that argv mentions, or all when it mentions none: --help lists them, and a misspelt one needs them. */
export async function loadVerbs(noun: Noun, argv: readonly string[] = []): Promise<readonly AnyCommand[]> {
  const { verbs } = noun;
  const named = Object.keys(verbs).filter((name) => argv.includes(name));
  const chosen = named.length === 0 ? Object.values(verbs) : named.flatMap((name) => verbs[name] ?? []);
  return Promise.all(chosen.map((load) => load()));
}

export function defineCommand<O extends OptionSet = {}, A extends OptionSet = {}, Plan = undefined, Result = unknown>(
  command: Command<O, A, Plan, Result>,
): Command<O, A, Plan, Result> {
  return command;
}
