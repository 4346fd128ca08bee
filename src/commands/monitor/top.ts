import { defineCommand } from '../../cli/command.ts';
import type { Screen } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import { planSignal, sendSignal } from '../../domain/monitor/signal.ts';
import { createTop } from '../../domain/monitor/top.ts';
import { readReportFile } from '../../domain/reports/catalog.ts';
import type { OrdersyncError } from '../../errors.ts';
import type { ScreenFrame } from '../../output/report.ts';
import { presentReport, sectionOf } from '../reports/present.ts';
import { endingOf } from './signal-words.ts';
import type { Seen } from './top-frame.ts';
import { frameOf } from './top-frame.ts';
import { shownRows } from './top-rows.ts';
import type { TopState } from './top-state.ts';
import { initialState, press, sortOf, TABLE } from './top-state.ts';
import { VIEWS } from './top-views.ts';

export const top = defineCommand({
  name: 'top',
  summary: 'a full screen of what runs, blocks, takes the time and the room, again and again',
  description:
    'Views: 1 activity, 2 blocking, 3 statements since the look before, 4 tables. Keys: up and down select a row, enter shows all of it, / filters, s ' +
    'sorts, c cancels the statement of the selected session and k ends the session, both after the name of the database is typed; space ' +
    'pauses, + and - change the pause between two looks, ? helps, q leaves. When the server goes away the last screen stays, and it is ' +
    'tried again. Without a terminal, or with another --format, it is one look at the activity.',
  options: { every: option.duration('pause between two looks', { default: 2000 }) },
  examples: ['ordersync monitor top', 'ordersync monitor top --every 500ms'],
  screen: async (ctx, { every }) => createScreen(ctx, every),
  run: async (ctx) => {
    const [view] = VIEWS;
    const file = readReportFile(view.file);
    const values = view.values({ sort: undefined, limit: ROWS });
    return createTop(ctx.clock).look(await ctx.db.session(), file, values);
  },
  present: ({ section }) =>
    presentReport(
      { sections: [section], judgement: section.judgement },
      { command: 'monitor top', check: false, several: false },
    ),
});

const ROWS = 200;
/** What a filter or another order looks for may stand further down. */
const ROWS_TO_CHOOSE_FROM = 2000;

type Needs = Pick<Context, 'db' | 'clock' | 'signal' | 'config'>;

async function createScreen(ctx: Needs, everyMs: number): Promise<Screen> {
  const state = initialState(everyMs);
  const top = createTop(ctx.clock);
  let session: Session = await ctx.db.session();
  let last: Seen['last'];
  let trouble: Seen['trouble'];
  const rows = () =>
    last === undefined ? [] : shownRows(last.section, { filter: state.filter, sort: sortOf(state, last.view) });
  const look = async (): Promise<void> => {
    const { view, filter } = state;
    const sort = sortOf(state, view);
    const limit = filter !== '' || sort?.column !== undefined ? ROWS_TO_CHOOSE_FROM : ROWS;
    const file = readReportFile(view.file);
    const seen = await top.look(session, file, view.values({ sort: sort?.name, limit }));
    last = { look: seen, view, section: sectionOf(seen.section) };
  };
  return {
    get everyMs() {
      return state.paused ? undefined : state.everyMs;
    },
    look: async () => {
      try {
        if (session.lost) session = await ctx.db.open({});
        if (!(await obeyed(ctx, session, state))) await look();
        trouble = undefined;
      } catch (error) {
        const loss = lossOf(error);
        if (loss === undefined || ctx.signal.aborted) throw error;
        const { since = ctx.clock.now(), attempts = 0 } = trouble ?? {};
        trouble = { since, message: loss.message, attempts: attempts + 1 };
      }
    },
    frame: (): ScreenFrame => {
      const { environment } = ctx.config;
      return frameOf({ server: session.server, environment, last, trouble, rows: rows() }, state);
    },
    press: (key) =>
      press(state, key, { view: last?.view ?? state.view, rows: rows(), database: session.server.database }),
  };
}

/** How long to watch for the end of what was signalled. */
const WATCH_MS = 3000;

/** Does what a key has asked for; false when it has asked for nothing but a look. */
async function obeyed({ clock, signal }: Needs, session: Session, state: TopState): Promise<boolean> {
  const { mode } = state;
  if (mode.kind !== 'planning' && mode.kind !== 'sending') return false;
  try {
    if (mode.kind === 'planning') {
      const plan = await planSignal(session, mode.signal, mode.pid);
      // Whoever has left the question meanwhile is not asked.
      if (state.mode === mode) state.mode = { kind: 'confirm', plan, typed: '' };
      return true;
    }
    const result = await sendSignal({ clock, signal, session }, mode.plan, WATCH_MS);
    state.message = `process ${result.target.pid}: ${endingOf(result)}`;
  } catch (error) {
    const described = describeServerError(error);
    if (described === undefined) throw error;
    state.message = `${described.message}${described.details.hint === undefined ? '' : `; ${described.details.hint}`}`;
    if (lossOf(error) !== undefined) throw error;
  } finally {
    if (state.mode === mode) state.mode = TABLE;
  }
  return state.paused;
}

/** The server went away, restarts, or takes nobody more: the next look may find it again. */
function lossOf(error: unknown): OrdersyncError | undefined {
  const described = describeServerError(error);
  return described?.code === 'connection' ? described : undefined;
}
