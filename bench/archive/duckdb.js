// psql -c "copy … to stdout (format csv)" | node bench/archive/duckdb.js: writes what comes as Parquet, compressed with zstd.
// BENCH_COLUMNS has the columns and their types as JSON, BENCH_FILE is where it goes.
import { DuckDBInstance } from '@duckdb/node-api';

const columns = Object.entries(JSON.parse(process.env.BENCH_COLUMNS)).map(([name, type]) => `'${name}': '${type}'`);
const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
await connection.run(`
  copy (
    select * from read_csv('/dev/stdin', header = false, columns = {${columns.join(', ')}}, quote = '"', escape = '"', delim = ',')
  ) to '${process.env.BENCH_FILE}' (format parquet, compression zstd)`);
connection.closeSync();
instance.closeSync();
