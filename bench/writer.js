// What a rotation costs the application: the 99th percentile of a writer's latency, with and without one at its default
// pace. Requests arrive at a fixed rate whatever happens to those before them, and each is timed from the moment it was due:
// a stall is felt by all who wait behind it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { ratio } from './measure.js';
import { makeTemplate, USERS } from './rotate/rows.js';
import { bin, environmentFor, openSite, withDatabase } from './rotate/site.js';

const ROWS = Number(process.env.ORDERSYNC_BENCH_ROTATE_ROWS ?? 500_000);
const WINDOW_S = Number(process.env.ORDERSYNC_BENCH_WINDOW_S ?? 60);
const ROUNDS = Number(process.env.ORDERSYNC_BENCH_ROUNDS ?? 5);
/** Requests per second, each one transaction: far from what the server could do, as a shop's ordinary hour is. */
const RATE = 100;
const CONNECTIONS = 16;
const BOUND = 1.5;

export async function writer() {
  const site = await openSite();
  try {
    await makeTemplate(site, 'shop', { kind: USERS, rows: ROWS });
    const ids = await withDatabase(site, 'shop', async (sql) => sql`select id from users tablesample bernoulli (10)`);
    const sql = postgres(site.server.urlFor('shop'), { max: CONNECTIONS, onnotice: () => undefined });
    try {
      await warmUp(sql, ids);
      return [verdictOf(await windows(site, sql, ids))];
    } finally {
      await sql.end();
    }
  } finally {
    await site.close();
  }
}

/** Windows without and with a rotation, in turn; the tables are vacuumed between them. @returns p99 in ms of each */
async function windows(site, sql, ids) {
  const taken = { without: [], with: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    taken.without.push(percentile99(await writeFor(sql, ids, WINDOW_S)));
    await sql.unsafe('vacuum analyze users');
    await sql.unsafe('checkpoint');
    const rotation = keepRotating(site);
    await rotation.started;
    taken.with.push(percentile99(await writeFor(sql, ids, WINDOW_S)));
    console.log(`  round ${round + 1}: ${(await rotation.stop()).join(', ')}`);
    await sql.unsafe('vacuum analyze users');
    await sql.unsafe('checkpoint');
  }
  return taken;
}

/** Rotations one after the other, at the default pace, until told to stop: a window may outlast one. */
function keepRotating({ server, env }) {
  const argv = [bin, 'key', 'rotate', '--type', 'pii', '--grace', '0s', '--if-older-than', '0s'];
  const state = { stopped: false, child: undefined, ended: [] };
  const begun = {};
  begun.promise = new Promise((resolve, reject) => Object.assign(begun, { resolve, reject }));
  const work = async () => {
    while (!state.stopped) {
      state.child = spawn(process.execPath, [...argv, '--progress', 'json'], {
        env: environmentFor({ server, env }, 'shop'),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      state.child.stderr.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (said.includes('"progress"')) begun.resolve();
      });
      const [code] = await once(state.child, 'close');
      state.ended.push(`a rotation ended with ${code}`);
      if (code !== 0 && !(state.stopped && code === 130)) throw new Error(`the rotation failed (${code}): ${said}`);
    }
  };
  const done = work();
  done.catch((error) => begun.reject(error));
  return {
    started: begun.promise,
    stop: async () => {
      state.stopped = true;
      state.child.kill('SIGINT');
      await done;
      return state.ended;
    },
  };
}

async function warmUp(sql, ids) {
  await writeFor(sql, ids, Math.min(10, WINDOW_S));
}

/** @returns milliseconds of each request, from the moment it was due */
async function writeFor(sql, ids, seconds) {
  const count = Math.round(seconds * RATE);
  const latencies = [];
  const requests = [];
  const startedMs = performance.now();
  for (let request = 0; request < count; request += 1) {
    const dueMs = startedMs + (request * 1000) / RATE;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
    const { id } = ids[Math.floor(Math.random() * ids.length)];
    requests.push(
      sql`
        update users set failed_login_count = failed_login_count + 1, version = version + 1 where id = ${id}
      `.then(() => latencies.push(performance.now() - dueMs)),
    );
  }
  await Promise.all(requests);
  return latencies;
}

function percentile99(latencies) {
  const sorted = latencies.toSorted((one, two) => one - two);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/** Rounds that are all on one side of the bound decide, however far apart they are. */
function verdictOf(taken) {
  const figure = ratio(taken, 'with', 'without', { bound: BOUND });
  const ratios = taken.with.map((ms, round) => ms / taken.without[round]);
  const agreed = new Set(ratios.map((value) => value <= BOUND)).size === 1;
  const verdict = agreed ? (figure.ratio <= BOUND ? 'reached' : 'MISSED') : figure.verdict;
  console.log(`\na writer at ${RATE} requests a second beside a rotation of ${ROWS} rows, windows of ${WINDOW_S} s`);
  for (const [name, values] of Object.entries(taken)) {
    console.log(`  p99 ${name.padEnd(40)} ${values.map((ms) => `${ms.toFixed(1)} ms`).join(', ')}`);
  }
  const rounds = ratios.map((value) => value.toFixed(2)).join(', ');
  console.log(`  p99 with / without: ${figure.ratio.toFixed(2)} (${figure.bound}) ${verdict}; rounds ${rounds}`);
  return { ...figure, measure: 'p99 of a writer beside a rotation', verdict };
}
