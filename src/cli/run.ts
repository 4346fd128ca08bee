import { join } from 'node:path';
import type { Context, ProgressEvent, Work } from '../context.ts';
import { nagiosStatus } from '../output/nagios.ts';
import type { Report } from '../output/report.ts';
import type { AnyCommand } from './command.ts';
import { CONFIG_FILE, loadConfiguration } from './config.ts';
import { confirmIntent } from './confirm.ts';
import type { ExitCode } from './exit.ts';
import { exitCodeOfOutcome } from './exit.ts';
import { plantedFault } from './faults.ts';
import type { GlobalValues, WriterValues } from './globals.ts';
import { listenForInterrupts } from './interrupt.ts';
import type { Io } from './io.ts';
import { createKeyStores } from './key-store.ts';
import { createStores } from './store.ts';
import { createDatabase, listSettings, systemClock } from './session.ts';
import { holdMemorySteady } from './steady-memory.ts';
import { openTalk } from './talk.ts';
import type { Talk } from './talk.ts';

export interface Invocation {
  /** Words of the command, "migrate up". */
  readonly path: string;
  readonly command: AnyCommand;
  readonly request: Readonly<Record<string, unknown>>;
  readonly globals: GlobalValues;
  /** Empty for a command that only reads. */
  readonly answers: Partial<WriterValues>;
}

/** context → plan → show or confirm → events → result → report → exit code; sessions are closed whatever happens. */
export async function runCommand(io: Io, invocation: Invocation): Promise<ExitCode> {
  const { globals } = invocation;
  if (invocation.command.steadyMemory) holdMemorySteady();
  const clock = systemClock();
  const talk = openTalk(io, globals, clock);
  const interrupts = listenForInterrupts(io, talk.note);
  const configuration = once(() => loadConfiguration(io, globals));
  const db = createDatabase(io, {
    command: invocation.path,
    configuration,
    globals,
    signal: interrupts.signal,
    notice: talk.note,
    warn: talk.warn,
  });
  const keyStores = createKeyStores(io, { configuration, clock, signal: interrupts.signal });
  const stores = createStores(io, { configuration, clock, signal: interrupts.signal });
  try {
    const { migrationsDir, environment, waivers } = await configuration();
    const config = {
      migrationsDir: migrationsDir.value,
      environment,
      waivers,
      projectFile: join(io.cwd, CONFIG_FILE),
      settings: async () => listSettings(io, await configuration(), globals),
      callAgain: async () => (await import('./call-again.ts')).callAgain(io, await configuration(), globals),
    };
    const { keys, keyring, readSecret } = keyStores;
    const reach = plantedFault(io);
    const { store } = stores;
    const { signal } = interrupts;
    const { replicas } = db;
    const ctx: Context = { db, replicas, clock, signal, config, keys, keyring, store, readSecret, reach };
    const { screen } = invocation.command;
    if (screen !== undefined && globals.format === 'table' && io.stdin.isTTY && io.stdout.isTTY) {
      const { runScreen } = await import('./full-screen.ts');
      await runScreen(io, ctx, () => screen(ctx, invocation.request));
      return 0;
    }
    return await presentRepeatedly(ctx, invocation, talk, async () => {
      const report = await produceReport(io, ctx, invocation, talk);
      await talk.present(report, db.server);
      return globals.format === 'nagios' ? nagiosStatus(report.answers ?? []) : exitCodeOfOutcome(report.outcome);
    });
  } finally {
    interrupts.dispose();
    talk.close();
    try {
      await stores.close();
      await keyStores.close();
    } finally {
      await db.close();
    }
  }
}

/** The exit code is that of the last look; between two looks a terminal is cleared, anything else gets one after the other. */
async function presentRepeatedly(
  { clock, signal }: Context,
  { command, request }: Invocation,
  talk: Talk,
  look: () => Promise<ExitCode>,
): Promise<ExitCode> {
  const { everyMs = 0, times = 1 } = command.repeat?.(request) ?? {};
  for (let done = 1; ; done += 1) {
    if (everyMs > 0) talk.startLook();
    const code = await look();
    if (done >= times) return code;
    await clock.sleep(everyMs, signal);
    signal.throwIfAborted();
  }
}

async function produceReport(io: Io, ctx: Context, invocation: Invocation, talk: Talk): Promise<Report> {
  const { command, request, answers } = invocation;
  const planning = command.plan?.(ctx, request, { dryRun: answers.dryRun === true });
  const plan: unknown = planning && (await finish(planning, talk));
  if (answers.dryRun && command.presentPlan !== undefined) return command.presentPlan(plan, request);
  const intent = command.intent?.(plan, request);
  if (intent !== undefined) await confirmIntent(io, ctx, intent, answers);
  return command.present(await finish(command.run(ctx, request, plan), talk), request);
}

async function finish(work: Work<unknown> | Promise<unknown>, talk: Talk): Promise<unknown> {
  return isWork(work) ? drive(work, talk.event) : work;
}

function isWork(work: Work<unknown> | Promise<unknown>): work is Work<unknown> {
  return Symbol.asyncIterator in work;
}

/** Not `for await`: that would drop the generator's return value, which is the result. */
async function drive<Result>(work: Work<Result>, sink: (event: ProgressEvent) => void): Promise<Result> {
  try {
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      sink(step.value);
    }
  } catch (error) {
    await work.return(undefined as never); // runs the generator's finally blocks when a sink threw
    throw error;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
