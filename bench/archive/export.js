// node bench/archive/export.js DATABASE_URL PARTITION FOLDER: exports the partition as the archive does, and tells how long the
// rows took and what they are.
import { holdMemorySteady } from '../../dist/cli/steady-memory.js';
import { openSession } from '../../dist/db/connect.js';
import { resolveConnection } from '../../dist/db/settings/resolve.js';
import { readColumns } from '../../dist/domain/archive/content/columns.js';
import { exportSource } from '../../dist/domain/archive/content/export.js';
import { openDirectoryStore } from '../../dist/store/directory.js';

const [url, partition, folder] = process.argv.slice(2);
holdMemorySteady();
const settings = resolveConnection({ flags: { url }, env: {} });
const open = ({ purpose }) => openSession(settings, { applicationName: `ordersync bench (${purpose})` });
const session = await open({ purpose: 'columns' });
const source = {
  table: 'audit_logs',
  columns: await readColumns(session.sql, { schema: 'public', name: partition }),
  timeColumn: 'created_at',
  orderedBy: ['created_at', 'id'],
  from: `from "public"."${partition}" as source`,
};
await session.close();
const store = await openDirectoryStore({ path: folder });
const openFile = (index) => store.upload(`audit_logs/part-${String(index).padStart(5, '0')}.parquet`);
const started = performance.now();
const work = exportSource({ db: { open }, signal: new AbortController().signal }, { source, openFile });
let step = await work.next();
while (!step.done) step = await work.next();
const seconds = (performance.now() - started) / 1000;
store.close();
const { content, files } = step.value;
console.log(JSON.stringify({ seconds, rows: content.rows, root: content.root, files }));
