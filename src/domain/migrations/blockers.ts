import type { Context, Work } from '../../context.ts';
import type { Session, Sql } from '../../db/session.ts';

/** A session that stands in the way of ours. Its query text stays in the server: it may hold data. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly state: string;
  /** Age of its transaction in milliseconds; null when this role may not see it. */
  readonly ageMs: number | null;
  /** First word of what it runs or ran last, such as SELECT. */
  readonly command: string | null;
}

/** Sees who blocks one session. It opens its own connection at the first look and not before. */
export interface Watcher {
  look(): Promise<readonly Blocker[]>;
  /** What the last look found; empty when nothing blocked, or nobody looked. */
  readonly last: readonly Blocker[];
  forget(): void;
  close(): Promise<void>;
}

export function createWatcher(ctx: Pick<Context, 'db'>, watchedPid: number): Watcher {
  let session: Session | undefined;
  let last: readonly Blocker[] = [];
  return {
    async look() {
      session ??= await ctx.db.open({ purpose: 'watcher' });
      const found = await readBlockers(session.sql, watchedPid);
      if (found.length > 0) last = found;
      return found;
    },
    get last() {
      return last;
    },
    forget() {
      last = [];
    },
    async close() {
      await session?.close();
      session = undefined;
    },
  };
}

interface Watch<T> {
  readonly work: Promise<T>;
  readonly firstLookMs: number;
  /** What waits, for the warning; undefined where a lock_timeout ends the wait and the retry tells who blocked. */
  readonly announce?: string;
}

const LOOK_EVERY_MS = 250;

/** Waits for `work`, looking meanwhile who blocks it; says so once per set of blockers when asked to. */
export async function* whileWatching<T>(
  ctx: Pick<Context, 'clock'>,
  watcher: Watcher,
  { work, firstLookMs, announce }: Watch<T>,
): Work<T> {
  const settled = new AbortController();
  const settle = (): void => settled.abort();
  void work.then(settle, settle);
  let announced = '';
  await ctx.clock.sleep(firstLookMs, settled.signal);
  while (!settled.signal.aborted) {
    const looked = await watcher
      .look()
      .catch((error: unknown) => String(error instanceof Error ? error.message : error));
    if (typeof looked === 'string') {
      yield { kind: 'warning', message: `cannot see who blocks the migration: ${looked}` };
      break;
    }
    if (announce !== undefined && looked.length > 0 && announced !== pidsOf(looked)) {
      announced = pidsOf(looked);
      yield { kind: 'warning', message: `${announce} waits for ${looked.map(describeBlocker).join('; ')}` };
    }
    await ctx.clock.sleep(LOOK_EVERY_MS, settled.signal);
  }
  return work;
}

/** Half a lock_timeout at most, so that the blocker is seen before the server gives up. */
export function firstLookMs(lockTimeoutMs: number): number {
  return Math.min(100, Math.max(1, lockTimeoutMs / 2));
}

/** "pid 10122 (reporting, user app, idle in transaction for 12 s, last command SELECT)" */
export function describeBlocker(blocker: Blocker): string {
  if (blocker.pid === 0) return 'a prepared transaction (see pg_prepared_xacts)';
  const facts = [
    blocker.application,
    blocker.user && `user ${blocker.user}`,
    blocker.ageMs === null ? blocker.state : `${blocker.state} for ${formatAge(blocker.ageMs)}`.trim(),
    blocker.command === null ? '' : `last command ${blocker.command.toUpperCase()}`,
  ];
  return `pid ${blocker.pid} (${facts.filter((fact) => fact !== '').join(', ')})`;
}

function formatAge(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function pidsOf(blockers: readonly Blocker[]): string {
  return blockers.map((blocker) => blocker.pid).join(',');
}

function readBlockers(sql: Sql, pid: number): Promise<Blocker[]> {
  return sql<Blocker[]>`
    select blocking.pid,
           coalesce(activity.application_name, '') as application,
           coalesce(activity.usename, '') as "user",
           coalesce(activity.state, '') as state,
           extract(epoch from clock_timestamp() - activity.xact_start)::double precision * 1000 as "ageMs",
           substring(activity.query from '^\\s*([A-Za-z]+)') as command
      from unnest(pg_blocking_pids(${pid})) as blocking (pid)
      left join pg_catalog.pg_stat_activity activity on activity.pid = blocking.pid
     order by blocking.pid`;
}
