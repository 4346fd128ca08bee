import type { ProgressEvent, Work } from '../../../context.ts';
import { describeServerError } from '../../../db/server-error.ts';
import { countBadValues } from './bad-row-queries.ts';
import { createFigures, progressEvents } from './figures.ts';
import type { Figures } from './figures.ts';
import { fullPace, halfPace } from './job-pace.ts';
import { createKeyRing } from './key-ring.ts';
import type { RowJob, RowWork } from './row-job.ts';
import { openControlSession, openRowSession } from './row-session.ts';
import { createThrottle } from './throttle.ts';
import type { RowWorkNeeds, RowWorkRequest } from './types.ts';
import { watch } from './watch.ts';

/** What a kind of row work does once everything is set up. */
export interface RowTask {
  /** Relations whose updates are watched for their share of heap-only ones. */
  readonly relations: readonly number[];
  /** Called several times a second. */
  readonly keep: () => Promise<void>;
  readonly run: () => Promise<void>;
}

const TICK_MS = 250;

/**
 * Runs one kind of row work with a control session, a watch over the server and a throttle, and tells how it goes. When any
 * part fails the others are stopped, and the first failure is thrown in the words of the server's errors.
 */
export async function* runRowWork<Result>(
  needs: RowWorkNeeds,
  request: RowWorkRequest,
  task: { prepare(work: RowWork): Promise<RowTask>; result(figures: Figures): Result },
): Work<Result> {
  const { clock } = needs;
  const stopped = new AbortController();
  const signal = AbortSignal.any([needs.signal, stopped.signal]);
  const said: ProgressEvent[] = [];
  const control = await openControlSession(needs);
  let running: Promise<void> | undefined;
  try {
    const tables = request.tables.map(({ table }) => table.name);
    const figures = createFigures(await countBadValues(control, { run: request.run.id, tables }));
    const throttle = createThrottle({ clock, signal }, request.pace);
    const ring = createKeyRing(needs);
    const say = (message: string): void => void said.push({ kind: 'note', message });
    const shared = { needs, request, signal, control, figures, throttle, ring, say };
    const { relations, keep, run } = await task.prepare(shared);
    const watching = new AbortController();
    const ticking = new AbortController();
    const watched = watch(
      { control, clock, signal: AbortSignal.any([signal, watching.signal]) },
      { throttle, figures, relations, keep },
    );
    running = allOrStop(stopped, [watched, run().finally(() => watching.abort())]).finally(() => ticking.abort());
    running.catch(() => undefined); // awaited below, after the last tick
    while (!ticking.signal.aborted) {
      await clock.sleep(TICK_MS, ticking.signal);
      yield* said.splice(0);
      yield* progressEvents(figures);
    }
    await running;
    yield* said.splice(0);
    yield* progressEvents(figures);
    return task.result(figures);
  } catch (error) {
    throw describeServerError(error) ?? error;
  } finally {
    stopped.abort();
    await Promise.allSettled([running]);
    await control.close();
  }
}

/** Waits for all; the first failure stops the others and is the one that is thrown. */
export async function allOrStop(stopped: AbortController, works: readonly Promise<void>[]): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    works.map(async (work) =>
      work.catch((error: unknown) => {
        failures.push(error);
        stopped.abort();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

/** Opens the sessions of one line of work, and closes them after it. */
export async function withJob<Result>(
  work: RowWork,
  reads: 'reader' | 'scanner',
  run: (job: RowJob) => Promise<Result>,
): Promise<Result> {
  const reader = await openRowSession(work.needs, reads);
  try {
    const { fullSpeed } = work.request.pace;
    const writer = await openRowSession(work.needs, fullSpeed ? 'writer' : 'gentleWriter');
    try {
      const needs = { clock: work.needs.clock, signal: work.signal };
      const pace = fullSpeed ? fullPace(needs, work.throttle) : halfPace(needs, work.throttle);
      return await run({ ...work, reader, writer, pace });
    } finally {
      await writer.close();
    }
  } finally {
    await reader.close();
  }
}
