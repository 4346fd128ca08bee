// What the server can do at best: the same rows in the same striped order, with constants of the same size. Nothing is sent,
// decrypted or encrypted, so that only the server's own work is left. Rows are found by their place: going by id, as a
// rotation must, because versions move, measured 15 to 20 % slower.
import { withDatabase } from './site.js';

/** As the rotation's chunks. */
const CHUNK_ROWS = 24_000;

/** @returns seconds */
export async function runLimit(site, database, { kind, template: { leaf, lengths, rows } }) {
  return withDatabase(site, database, async (sql) => {
    await sql.unsafe('set synchronous_commit = off; set jit = off; set enable_seqscan = off');
    const [{ pages }] = await sql.unsafe(`select (pg_relation_size('${leaf}') / 8192)::int as pages`);
    const stripes = Math.max(1, Math.round(rows / pages));
    const chunkPages = Math.ceil(CHUNK_ROWS / stripes);
    const statement = updateOf(kind, leaf, { lengths, stripes });
    let updated = 0;
    const started = performance.now();
    for (let first = 0; first < pages; first += chunkPages) {
      for (let stripe = 0; stripe < stripes; stripe += 1) {
        const { count } = await sql.unsafe(statement, [`(${first},0)`, `(${first + chunkPages},0)`, stripe]);
        updated += count;
      }
    }
    const seconds = (performance.now() - started) / 1000;
    if (updated !== rows) throw new Error(`the limit updated ${updated} of ${rows} rows`);
    return seconds;
  });
}

function updateOf(kind, leaf, { lengths, stripes }) {
  const pairs = Object.entries(kind.pairs);
  const constants = pairs.flatMap(([column, keyColumn]) => [
    `${column} = '${'os1_'.padEnd(lengths[column], 'x')}'`,
    `${keyColumn} = 'pii-v2'`,
  ]);
  return `
    update ${leaf} set ${constants.join(', ')}
    where ctid >= $1::tid and ctid < $2::tid
      and (ctid::text::point)[1]::int % ${stripes} = $3::int
      and ${pairs[0][1]} = 'pii-v1'`;
}
