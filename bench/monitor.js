// CPU of `ordersync monitor slow-queries --format json` over `psql -c` with the same statement, on as many statements as
// pg_stat_statements holds by default.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startEmbedded } from '../dist/embedded/server.js';
import { benchEnvironment, interleave, printVerdicts, ratio, timeCommand } from './measure.js';

const bin = fileURLToPath(new URL('../bin/ordersync.js', import.meta.url));
const report = fileURLToPath(new URL('../sql/monitor/slow-queries.sql', import.meta.url));
const STATEMENTS = 2000;

export async function monitor() {
  const server = await startEmbedded({
    cache: true,
    settings: { shared_preload_libraries: 'pg_stat_statements', fsync: 'off' },
  });
  try {
    await fill(server.url);
    const env = { ...benchEnvironment(), ORDERSYNC_DATABASE_URL: server.url, STATEMENT: statementOf() };
    const cpuOf = (line) => async () => timeCommand(line, { repeat: 5, env }).cpu;
    const taken = await interleave({
      'node -e 0': cpuOf('node -e 0'),
      'psql -c': cpuOf(`psql -XAt -d ${server.url} -c "$STATEMENT"`),
      'ordersync monitor slow-queries': cpuOf(`node ${bin} monitor slow-queries --format json`),
    });
    const verdicts = [
      ratio(taken, 'ordersync monitor slow-queries', 'psql -c', { bound: 2.5 }),
      // What cannot be had for less: psql does not start a JavaScript engine.
      ratio(taken, 'node -e 0', 'psql -c', { bound: 2.5 }),
    ];
    printVerdicts(`monitor slow-queries, ${STATEMENTS} statements, CPU of the client`, verdicts, taken);
    return verdicts;
  } finally {
    await server.stop('immediate');
  }
}

async function fill(url) {
  const sql = postgres(url, { max: 1 });
  await sql`create extension pg_stat_statements`;
  for (let index = 0; index < STATEMENTS; index += 1) await sql.unsafe(`select 1 as column_${index}`);
  await sql.end();
}

/** The report's own statement with the values of its defaults in place of the parameters. */
function statementOf() {
  const [, body] = readFileSync(report, 'utf8').split(/^-- body: .*$/m);
  const values = { 1: "'total'", 2: '0', 3: '1', 4: '20', 5: 'null', 6: 'false', 7: 'null', 8: 'null', 9: 'null' };
  return body.replaceAll(/\$(\d)/g, (_, number) => values[number]);
}
