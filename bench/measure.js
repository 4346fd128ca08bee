// Ratios measured in one run. Sides are interleaved A B A B …, so that a machine whose speed drifts slows both; the ratio
// is taken round by round, and its median is the figure. A spread above the bound makes the figure "inconclusive".
import { spawnSync } from 'node:child_process';
import { cpus, release } from 'node:os';

const ROUNDS = Number(process.env.ORDERSYNC_BENCH_ROUNDS ?? 7);
const MAX_SPREAD = 0.25;

/**
 * CPU (user + system) and wall seconds of a shell command line, repeated to lift it above the clock's grain.
 * bash's `time` accounts for the whole process tree. A command that fails ends the bench: a fast failure is no result.
 */
export function timeCommand(line, { repeat = 1, env = process.env, cwd } = {}) {
  const loop = `TIMEFORMAT='%U %S %R'; time for ((i=0;i<${repeat};i++)); do ${line} >/dev/null 2>>"$BENCH_ERRORS" || exit 97; done`;
  const ran = spawnSync('bash', ['-c', loop], { env: { ...env, BENCH_ERRORS: '/dev/null' }, cwd, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`failed (${ran.status}): ${line}\n${ran.stderr}`);
  const [user, system, wall] = ran.stderr.trim().split(/\s+/).slice(-3).map(Number);
  return { cpu: (user + system) / repeat, wall: wall / repeat };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Interquartile range over the median. */
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)];
  return (at(0.75) - at(0.25)) / median(values);
}

/**
 * Runs every side once per round, in turn, after one round that does not count.
 * sides: { name: async () => seconds }. Returns { name: seconds[] }.
 */
export async function interleave(sides, rounds = ROUNDS) {
  const taken = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(sides)) {
      const seconds = await run();
      if (round >= 0) taken[name].push(seconds);
    }
  }
  return taken;
}

/** One line of verdict: the ratio of two sides against its bound. */
export function ratio(taken, above, below, { bound, atMost = true }) {
  const ratios = taken[above].map((seconds, round) => seconds / taken[below][round]);
  const value = median(ratios);
  const wide = spread(ratios);
  const held = atMost ? value <= bound : value >= bound;
  const verdict = wide > MAX_SPREAD ? 'inconclusive' : held ? 'reached' : 'MISSED';
  return {
    measure: `${above} / ${below}`,
    ratio: value,
    bound: `${atMost ? '≤' : '≥'} ${bound}`,
    spread: wide,
    verdict,
  };
}

export function printVerdicts(title, verdicts, taken) {
  console.log(`\n${title}`);
  for (const [name, seconds] of Object.entries(taken)) {
    console.log(
      `  ${name.padEnd(44)} median ${(median(seconds) * 1000).toFixed(1)} ms, spread ${(spread(seconds) * 100).toFixed(0)} %`,
    );
  }
  for (const { measure, ratio: value, bound, spread: wide, verdict } of verdicts) {
    const figure = verdict === 'inconclusive' ? 'inconclusive' : `${value.toFixed(2)} (${bound}) ${verdict}`;
    console.log(`  ${measure.padEnd(60)} ${figure}, spread ${(wide * 100).toFixed(0)} %, ${ROUNDS} rounds`);
  }
}

export function printMachine() {
  console.log(
    `node ${process.version}, ${process.platform} ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown cpu'}`,
  );
}

/**
 * The environment without what would point a side elsewhere, and without NODE_EXTRA_CA_CERTS: Node 20 parses that at every
 * start, 80 ms that are not the program's.
 */
export function benchEnvironment() {
  const foreign = /^(PG|ORDERSYNC_|NODE_EXTRA_CA_CERTS$|DATABASE_URL$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
