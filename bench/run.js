// npm run bench [-- startup migrate …]: every bench, or those named. Exits 1 when a bound was missed.
import { archive } from './archive.js';
import { kernel } from './kernel.js';
import { migrate } from './migrate.js';
import { monitor } from './monitor.js';
import { printMachine } from './measure.js';
import { rotate } from './rotate.js';
import { seed } from './seed.js';
import { startup } from './startup.js';
import { writer } from './writer.js';

const BENCHES = { startup, kernel, migrate, monitor, seed, rotate, writer, archive };

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in BENCHES));
if (unknown.length > 0)
  throw new Error(`no bench named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);

printMachine();
const verdicts = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (chosen.length === 0 || chosen.includes(name)) verdicts.push(...(await run()));
}
process.exitCode = verdicts.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0;
