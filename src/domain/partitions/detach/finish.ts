import type { Work } from '../../../context.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { simpleText } from '../../../db/text.ts';
import type { Changer } from '../attempts.ts';
import { changePatiently } from '../attempts.ts';
import { readAttachment, readDetacher } from './queries.ts';

const LOOK_EVERY_MS = 250;

/**
 * Brings an unfinished DETACH CONCURRENTLY to its end: waits while a backend still works on it (that of a killed client goes
 * on alone), otherwise finalizes it. Nothing to do when it is finished.
 * @throws OrdersyncError `lock_held` when sessions from before the detach do not end in time; it stays unfinished
 */
export async function* finishDetach(changer: Changer, parent: QualifiedName, partition: QualifiedName): Work<void> {
  yield* waitForDetacher(changer, partition);
  if ((await readAttachment(changer.session.sql, partition)) !== 'pending') return;
  const text = `alter table ${quoteQualified(parent)} detach partition ${quoteQualified(partition)} finalize`;
  try {
    yield* changePatiently(changer, {
      what: `the end of the detach of ${partition.name}`,
      work: async () => simpleText(changer.session, text),
    });
  } catch (error) {
    if (!(await finishedByAnother(changer, partition))) throw error;
  }
}

/**
 * A backend whose statement this role may not see can come to its end first; then there is nothing left to finalize, and the
 * server says so by an error.
 */
async function finishedByAnother({ ctx, session }: Changer, partition: QualifiedName): Promise<boolean> {
  if (session.lost || ctx.signal.aborted) return false;
  return (await readAttachment(session.sql, partition)) === 'detached';
}

async function* waitForDetacher({ ctx, session }: Changer, partition: QualifiedName): Work<void> {
  let told = false;
  for (;;) {
    ctx.signal.throwIfAborted();
    const pid = await readDetacher(session.sql, partition.name);
    if (pid === undefined || (await readAttachment(session.sql, partition)) !== 'pending') return;
    if (!told) yield { kind: 'note', message: `pid ${pid} is still detaching ${partition.name}: waiting for it` };
    told = true;
    await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal);
  }
}
