import { defineCommand } from '../../cli/command.ts';
import type { Screen } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import type { TopLook } from '../../domain/monitor/top.ts';
import { createTop } from '../../domain/monitor/top.ts';
import { readReportFile } from '../../domain/reports/catalog.ts';
import type { OrdersyncError } from '../../errors.ts';
import type { ScreenFrame } from '../../output/report.ts';
import { presentReport } from '../reports/present.ts';
import { frameOf } from './top-frame.ts';
import { SORTS, VIEWS } from './top-views.ts';
import type { View } from './top-views.ts';

export const top = defineCommand({
  name: 'top',
  summary: 'a full screen of what runs, blocks, takes the time and the room, again and again',
  description:
    'Views: 1 activity, 2 blocking, 3 statements since the look before, 4 tables. Keys: s sorts statements by something else, space pauses, + and - ' +
    'change the pause between two looks, q leaves. When the server goes away the last screen stays, and it is tried again. ' +
    'Without a terminal, or with another --format, it is one look at the activity.',
  options: { every: option.duration('pause between two looks', { default: 2000 }) },
  examples: ['ordersync monitor top', 'ordersync monitor top --every 500ms'],
  screen: async (ctx, { every }) => createScreen(ctx, Math.max(FASTEST_MS, every)),
  run: async (ctx) => {
    const [view] = VIEWS;
    const file = readReportFile(view.file);
    return createTop(ctx.clock).look(await ctx.db.session(), file, view.values(SORTS[0]));
  },
  present: ({ section }) =>
    presentReport(
      { sections: [section], judgement: section.judgement },
      { command: 'monitor top', check: false, several: false },
    ),
});

const FASTEST_MS = 250;
const SLOWEST_MS = 60_000;

/** What the keys have set. */
interface Chosen {
  view: View;
  sort: number;
  everyMs: number;
  paused: boolean;
}

async function createScreen(ctx: Pick<Context, 'db' | 'clock' | 'signal'>, everyMs: number): Promise<Screen> {
  const chosen: Chosen = { view: VIEWS[0], sort: 0, everyMs, paused: false };
  const top = createTop(ctx.clock);
  let session: Session = await ctx.db.session();
  let last: { readonly look: TopLook; readonly view: View } | undefined;
  let trouble: { readonly since: Date; readonly message: string; readonly attempts: number } | undefined;
  return {
    get everyMs() {
      return chosen.paused ? undefined : chosen.everyMs;
    },
    look: async () => {
      const { view } = chosen;
      try {
        if (session.lost) session = await ctx.db.open({});
        const file = readReportFile(view.file);
        last = { look: await top.look(session, file, view.values(SORTS[chosen.sort])), view };
        trouble = undefined;
      } catch (error) {
        const loss = lossOf(error);
        if (loss === undefined || ctx.signal.aborted) throw error;
        const { since = ctx.clock.now(), attempts = 0 } = trouble ?? {};
        trouble = { since, message: loss.message, attempts: attempts + 1 };
      }
    },
    frame: (): ScreenFrame => frameOf({ server: session.server, last, trouble, ...chosen, sort: SORTS[chosen.sort] }),
    press: (key) => press(chosen, key),
  };
}

/** The server went away, restarts, or takes nobody more: the next look may find it again. */
function lossOf(error: unknown): OrdersyncError | undefined {
  const described = describeServerError(error);
  return described?.code === 'connection' ? described : undefined;
}

function press(chosen: Chosen, key: string): ReturnType<Screen['press']> {
  const view = VIEWS.find((candidate) => candidate.key === key);
  if (view !== undefined) {
    chosen.view = view;
    return 'look';
  }
  switch (key) {
    case 'q':
      return 'leave';
    case 's':
      chosen.sort = (chosen.sort + 1) % SORTS.length;
      return 'look';
    case ' ':
      chosen.paused = !chosen.paused;
      return chosen.paused ? 'redraw' : 'look';
    case '+':
      chosen.everyMs = Math.min(SLOWEST_MS, chosen.everyMs * 2);
      return 'redraw';
    case '-':
      chosen.everyMs = Math.max(FASTEST_MS, chosen.everyMs / 2);
      return 'redraw';
    default:
      return 'nothing';
  }
}
