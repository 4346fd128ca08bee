// One run of each side on a fresh copy of a template: seconds for the template's rows, and what the server counted.
import { runLimit } from './limit.js';
import { figuresBetween, readFigures, rowSeconds, runRotation } from './product.js';
import { assertRotated } from './rows.js';
import { copyDatabase } from './site.js';

/** @returns { run: () => seconds, figures: [] }: figures grow by one each run */
export function limitSide(site, { kind, template }) {
  const figures = [];
  const run = async () =>
    measured(site, { name: 'limit', template, figures }, async () => ({
      seconds: await runLimit(site, 'bench', { kind, template }),
    }));
  return { run, figures };
}

export function rotateSide(site, { kind, template, words }) {
  const figures = [];
  const run = async () =>
    measured(site, { name: `rotate ${words.join(' ')}`, template, figures }, async () => {
      const { whole, peakMb } = runRotation(site, 'bench', words);
      await assertRotated(site, 'bench', { kind, rows: template.rows });
      return { seconds: await rowSeconds(site, 'bench'), whole, peakMb };
    });
  return { run, figures };
}

/** A side that does some rows only, told as if it had gone on like that for as many as the others do. */
export function peerSide(site, { kind, name, template, peerRows, rows, run }) {
  return async () => {
    await copyDatabase(site, 'bench', template);
    const seconds = await run(site, 'bench', { kind, rows: peerRows });
    tell(name, peerRows, seconds);
    return (seconds * rows) / peerRows;
  };
}

async function measured(site, { name, template, figures }, work) {
  await copyDatabase(site, 'bench', template.name);
  const before = await readFigures(site, 'bench', template);
  const result = await work();
  const after = await readFigures(site, 'bench', { ...template, updates: before.updates + template.rows });
  figures.push({ ...result, ...figuresBetween(before, after) });
  tell(name, template.rows, result.seconds);
  return result.seconds;
}

/** The whole bench takes long; this shows that it goes on. */
function tell(name, rows, seconds) {
  console.log(`  ${name.trim()}: ${rows} rows in ${seconds.toFixed(1)} s`);
}
