// `ordersync key rotate` against the server's own limit and against how others do it, in one script, round by round. Every
// round begins on the same pages and ends with a count of all values under the new key and a sample that reads as before.
import { interleave, median, ratio } from './measure.js';
import { makePgcryptoTemplate, runLoop, runPgcrypto } from './rotate/peers.js';
import { runRotation } from './rotate/product.js';
import { AUDIT_LOGS, makeTemplate, USERS } from './rotate/rows.js';
import { limitSide, peerSide, rotateSide } from './rotate/sides.js';
import { copyDatabase, openSite } from './rotate/site.js';

const ROWS = Number(process.env.ORDERSYNC_BENCH_ROTATE_ROWS ?? 500_000);
const ROUNDS = Number(process.env.ORDERSYNC_BENCH_ROUNDS ?? 5);
/** Row by row is so slow that a part of the rows says as much. */
const PEER_ROWS = Math.min(ROWS, 20_000);
const AUDIT_ROWS = Math.ceil(ROWS / 5);
const PEAK_MB = 200;
const LOOP = 'loop, one row at a time';
const PGCRYPTO = 'pgcrypto in SQL';

export async function rotate() {
  const site = await openSite();
  try {
    return [...(await users(site)), ...(await auditLogs(site))];
  } finally {
    await site.close();
  }
}

async function users(site) {
  const template = await makeTemplate(site, 'ready', { kind: USERS, rows: ROWS });
  await makeTemplate(site, 'few', { kind: USERS, rows: PEER_ROWS });
  const request = { kind: USERS, template };
  const limit = limitSide(site, request);
  const auto = rotateSide(site, { ...request, words: [] });
  const openssl = rotateSide(site, { ...request, words: ['--crypto', 'openssl'] });
  const peer = { kind: USERS, peerRows: PEER_ROWS, rows: ROWS };
  const hasPgcrypto = await makePgcryptoTemplate(site, { name: 'pgcrypto', from: 'ready', kind: USERS });
  if (!hasPgcrypto) console.log('left out: this server has no pgcrypto');
  const taken = await interleave(
    {
      limit: limit.run,
      rotate: auto.run,
      'rotate --crypto openssl': openssl.run,
      [LOOP]: peerSide(site, { ...peer, name: LOOP, template: 'few', run: runLoop }),
      ...(hasPgcrypto
        ? {
            [PGCRYPTO]: peerSide(site, {
              ...peer,
              peerRows: ROWS,
              name: PGCRYPTO,
              template: 'pgcrypto',
              run: runPgcrypto,
            }),
          }
        : {}),
    },
    ROUNDS,
  );
  const speed = (than, bound, side = 'rotate') => ratio(taken, than, side, { bound, atMost: false });
  const verdicts = [
    speed('limit', 0.65),
    speed('rotate --crypto openssl', 4),
    speed(LOOP, 10),
    speed('limit', 0.15, 'rotate --crypto openssl'),
    speed(LOOP, 2, 'rotate --crypto openssl'),
    ...(hasPgcrypto ? [speed(PGCRYPTO, 5), speed(PGCRYPTO, 1, 'rotate --crypto openssl')] : []),
    ...heapVerdicts(auto.figures, limit.figures),
    ...(await memoryVerdicts(site, auto.figures)),
  ];
  print(`users, ${ROWS} rows × 5 values (the loop: ${PEER_ROWS} rows)`, { taken, rows: ROWS, verdicts });
  printWhole({ rotate: auto, 'rotate --crypto openssl': openssl });
  return verdicts;
}

async function auditLogs(site) {
  const template = await makeTemplate(site, 'ready', { kind: AUDIT_LOGS, rows: AUDIT_ROWS });
  const request = { kind: AUDIT_LOGS, template };
  const auto = rotateSide(site, { ...request, words: [] });
  const taken = await interleave({ limit: limitSide(site, request).run, rotate: auto.run }, ROUNDS);
  const verdicts = [ratio(taken, 'limit', 'rotate', { bound: 0.5, atMost: false })];
  print(`audit_logs, ${AUDIT_ROWS} rows × 4 values, two of them of 400 bytes`, { taken, rows: AUDIT_ROWS, verdicts });
  return verdicts;
}

/** @param limit figures of the limit, round by round as those of the rotation */
function heapVerdicts(figures, limit) {
  const wal = figures.map((round, index) => round.wal / limit[index].wal);
  return [
    verdictOf('HOT share of the updates', median(figures.map(({ hot }) => hot)), { atLeast: 0.8 }),
    verdictOf('growth of the heap', median(figures.map(({ growth }) => growth)), { atMost: 0.2 }),
    verdictOf("WAL over the limit's", median(wal), { atMost: 1.05 }),
  ];
}

/** Peak memory at all rows, and over that at a tenth of them. */
async function memoryVerdicts(site, figures) {
  await makeTemplate(site, 'tenth', { kind: USERS, rows: Math.ceil(ROWS / 10) });
  const small = [];
  for (let round = 0; round < 3; round += 1) {
    await copyDatabase(site, 'bench', 'tenth');
    small.push(runRotation(site, 'bench').peakMb);
  }
  const large = median(figures.map(({ peakMb }) => peakMb));
  return [
    verdictOf('peak memory, MB', large, { atMost: PEAK_MB }),
    verdictOf('peak memory over that at a tenth of the rows', large / median(small), { atMost: 1.15 }),
  ];
}

function verdictOf(measure, value, { atLeast, atMost }) {
  const held = atLeast === undefined ? value <= atMost : value >= atLeast;
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return { measure, ratio: value, bound, spread: 0, verdict: held ? 'reached' : 'MISSED' };
}

function print(title, { taken, rows, verdicts }) {
  console.log(`\n${title}, ${ROUNDS} rounds`);
  for (const [name, seconds] of Object.entries(taken)) {
    const rates = seconds.map((taken) => Math.round(rows / taken));
    console.log(`  ${name.padEnd(44)} ${Math.round(rows / median(seconds))} rows/s (${rates.join(', ')})`);
  }
  for (const { measure, ratio: value, bound, spread, verdict } of verdicts) {
    const figure = verdict === 'inconclusive' ? verdict : `${value.toFixed(2)} (${bound}) ${verdict}`;
    console.log(`  ${measure.padEnd(60)} ${figure}, spread ${(spread * 100).toFixed(0)} %`);
  }
}

/** The rates above are of the rows; a command also looks before, sweeps, and decrypts everything once more to prove it. */
function printWhole(sides) {
  for (const [name, { figures }] of Object.entries(sides)) {
    const whole = median(figures.map((round) => round.whole));
    const rows = median(figures.map((round) => round.seconds));
    const text = `whole command ${whole.toFixed(1)} s, of which ${rows.toFixed(1)} s re-encrypt`;
    console.log(`  ${name.padEnd(44)} ${text}`);
  }
}
