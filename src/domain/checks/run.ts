import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { describeServerError } from '../../db/server-error.ts';
import { sqlstateOf, SQLSTATE } from '../../db/sqlstate.ts';
import type { Check, CheckOptions, CheckResult, Fix, Look, Sighting } from './check.ts';
import { SEVERITIES, worstOf } from './check.ts';
import type { Unmet } from './requirements.ts';
import { readUnmet, unmetSightings } from './requirements.ts';

export interface RunRequest {
  /** For all checks together. */
  readonly timeoutMs: number;
  readonly options: CheckOptions;
}

/**
 * Looks at everything, one check after the other, each in a transaction of its own. A check that cannot look, fails or runs
 * out of time is `unknown` with the reason and never hides the others; only a lost connection ends the run.
 */
export async function* runChecks(
  ctx: Pick<Context, 'clock' | 'keys' | 'signal'>,
  session: Session,
  checks: readonly Check[],
  request: RunRequest,
): Work<CheckResult[]> {
  const deadline = ctx.clock.monotonicMs() + request.timeoutMs;
  const unmet = await readUnmet(
    session,
    checks.flatMap(({ requires }) => requires),
  );
  const memory = new Map<string, Promise<unknown>>();
  const once: Look['once'] = async (name, read) => {
    const known = memory.get(name) ?? read();
    memory.set(name, known);
    return known as ReturnType<typeof read>; // every caller reads the same thing under one name
  };
  const results: CheckResult[] = [];
  for (const [index, check] of checks.entries()) {
    ctx.signal.throwIfAborted();
    yield {
      kind: 'progress',
      label: 'checking',
      done: index,
      total: checks.length,
      unit: 'statements',
      detail: check.id,
    };
    const began = ctx.clock.monotonicMs();
    const look = { ...request, session, unmet, once, leftMs: deadline - began };
    const sightings = await sightingsOf(ctx, check, look);
    results.push(resultOf(check, sightings, ctx.clock.monotonicMs() - began));
  }
  return results;
}

interface Circumstances {
  readonly session: Session;
  readonly unmet: Unmet;
  readonly once: Look['once'];
  readonly leftMs: number;
  readonly options: CheckOptions;
}

async function sightingsOf(
  ctx: Pick<Context, 'clock' | 'keys' | 'signal'>,
  check: Check,
  { session, unmet, once, leftMs, options }: Circumstances,
): Promise<readonly Sighting[]> {
  if (leftMs <= 0) return [outOfTime(check)];
  const missing = unmetSightings(check.requires, unmet, session.server.user);
  if (missing.length > 0) return missing;
  // Half of what is left: one slow check leaves time for the others.
  const limitMs = Math.max(Math.min(leftMs, 1000), leftMs / 2);
  const limit = new AbortController();
  const signal = AbortSignal.any([ctx.signal, limit.signal]);
  const watch = setInterval(() => {
    limit.abort();
    void session.cancel();
  }, limitMs + 500);
  try {
    return await check.look({ session, clock: ctx.clock, keys: () => ctx.keys(), signal, limitMs, options, once });
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (session.lost) throw error;
    return [limit.signal.aborted || isLate(error) ? outOfTime(check) : failed(error)];
  } finally {
    clearInterval(watch);
  }
}

function outOfTime({ id }: Check): Sighting {
  return {
    severity: 'unknown',
    evidence: 'there was not enough time left',
    fix: { kind: 'command', text: `ordersync check --only ${id} --timeout 10m` },
  };
}

function isLate(error: unknown): boolean {
  return sqlstateOf(error) === SQLSTATE.queryCanceled;
}

/** What the server or the program says; anything else than a refusal is a bug and goes its way. */
function failed(error: unknown): Sighting {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === SQLSTATE.lockNotAvailable) {
    return {
      severity: 'unknown',
      evidence: 'somebody holds a lock on what it reads',
      fix: { kind: 'command', text: 'ordersync check --only ops.blocking' },
    };
  }
  const described = describeServerError(error);
  if (described !== undefined) {
    const { hint = 'ordersync check --debug' } = described.details;
    return {
      severity: 'unknown',
      evidence: described.message,
      fix: { kind: hint.startsWith('ordersync ') ? 'command' : 'doc', text: hint },
    };
  }
  if (sqlstate === undefined) throw error;
  // The message may quote a value: the code says enough.
  const fix = { kind: 'doc', text: `look for ${sqlstate} in the log of the server` } as const;
  return { severity: 'unknown', evidence: `the server refused the query with ${sqlstate}`, fix };
}

function resultOf(check: Check, sightings: readonly Sighting[], durationMs: number): CheckResult {
  const severity = worstOf(sightings.map((sighting) => sighting.severity));
  const sorted = sightings.toSorted((left, right) => rank(left) - rank(right));
  const worst = sorted.filter((sighting) => sighting.severity === severity);
  const [first] = worst;
  const others = worst.length - 1;
  return {
    check,
    severity,
    observed: `${first?.evidence ?? 'nothing'}${others > 0 ? ` (and ${others} more)` : ''}`,
    sightings: sorted,
    evidence: sorted.map(({ evidence }) => evidence),
    fixes: distinct(sorted.flatMap(({ fix }) => fix ?? [])),
    durationMs: Math.round(durationMs),
  };
}

function rank({ severity }: Sighting): number {
  return SEVERITIES.indexOf(severity);
}

function distinct(fixes: readonly Fix[]): Fix[] {
  return [...new Map(fixes.map((fix) => [`${fix.kind} ${fix.text}`, fix])).values()];
}
