import type { SignalKind, SignalPlan } from '../../domain/monitor/signal.ts';
import type { Row } from '../../output/report.ts';
import type { Selection } from './top-rows.ts';
import { FIRST, selectedIndex, selectionAt } from './top-rows.ts';
import type { View } from './top-views.ts';
import { VIEWS } from './top-views.ts';

/** What the keys mean now. */
export type Mode =
  | { readonly kind: 'table' }
  | { readonly kind: 'filter' }
  | { readonly kind: 'help'; readonly offset: number }
  /** One row as a whole, as it was when it was asked for. */
  | { readonly kind: 'row'; readonly row: Row; readonly offset: number }
  /** The session is looked at; nothing has been sent. */
  | { readonly kind: 'planning'; readonly signal: SignalKind; readonly pid: number }
  | { readonly kind: 'confirm'; readonly plan: SignalPlan; readonly typed: string }
  | { readonly kind: 'sending'; readonly plan: SignalPlan };

export const TABLE: Mode = { kind: 'table' };

/** What the keys have set. */
export interface TopState {
  view: View;
  /** By the name of the view: which of its sorts. */
  readonly sorts: Map<string, number>;
  filter: string;
  selection: Selection;
  everyMs: number;
  paused: boolean;
  mode: Mode;
  /** What came of the last command. */
  message: string | undefined;
}

/** What a key acts on: the rows as they are on the screen, of this view, and the name that confirms. */
export interface Shown {
  readonly view: View;
  readonly rows: readonly Row[];
  readonly database: string;
}

export type Pressed = 'nothing' | 'redraw' | 'look' | 'leave';

const FASTEST_MS = 250;
const SLOWEST_MS = 60_000;
const PAGE = 10;

export function initialState(everyMs: number): TopState {
  return {
    view: VIEWS[0],
    sorts: new Map(),
    filter: '',
    selection: FIRST,
    everyMs: Math.max(FASTEST_MS, everyMs),
    paused: false,
    mode: TABLE,
    message: undefined,
  };
}

export function sortOf({ sorts }: Pick<TopState, 'sorts'>, view: View) {
  return view.sorts[(sorts.get(view.name) ?? 0) % Math.max(1, view.sorts.length)];
}

export function press(state: TopState, key: string, shown: Shown): Pressed {
  switch (state.mode.kind) {
    case 'table':
      state.message = undefined;
      return pressInTable(state, key, shown);
    case 'filter':
      return pressInFilter(state, key);
    case 'help':
    case 'row':
      return pressInText(state, state.mode, key);
    case 'confirm':
      return pressInQuestion(state, state.mode, key, shown.database);
    case 'planning':
      // What is typed before the question stands there is no answer to it.
      return key === 'escape' ? back(state) : 'nothing';
    default:
      return 'nothing';
  }
}

function pressInTable(state: TopState, key: string, shown: Shown): Pressed {
  const view = VIEWS.find((candidate) => candidate.key === key);
  if (view !== undefined) {
    state.view = view;
    state.selection = FIRST;
    return 'look';
  }
  return pressedForLook(state, key) ?? pressedForRow(state, key, shown) ?? 'nothing';
}

/** Keys that change what is looked at, and how often. */
function pressedForLook(state: TopState, key: string): Pressed | undefined {
  switch (key) {
    case 'q':
      return 'leave';
    case 's':
      state.sorts.set(state.view.name, (state.sorts.get(state.view.name) ?? 0) + 1);
      return 'look';
    case ' ':
      state.paused = !state.paused;
      return state.paused ? 'redraw' : 'look';
    case '+':
      state.everyMs = Math.min(SLOWEST_MS, state.everyMs * 2);
      return 'redraw';
    case '-':
      state.everyMs = Math.max(FASTEST_MS, state.everyMs / 2);
      return 'redraw';
    case '/':
      state.mode = { kind: 'filter' };
      return 'redraw';
    case '?':
      state.mode = { kind: 'help', offset: 0 };
      return 'redraw';
    case 'escape':
      return state.filter === '' ? 'nothing' : filtered(state, '');
    default:
      return undefined;
  }
}

const STEPS: Readonly<Record<string, number>> = {
  up: -1,
  down: 1,
  pageup: -PAGE,
  pagedown: PAGE,
  home: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
};

/** Keys that act on the selected row. */
function pressedForRow(state: TopState, key: string, { view, rows }: Shown): Pressed | undefined {
  const index = selectedIndex(rows, view, state.selection);
  const row = index === undefined ? undefined : rows[index];
  if (index === undefined || row === undefined) return undefined;
  const step = STEPS[key];
  if (step !== undefined) {
    state.selection = selectionAt(rows, view, index + step);
    return 'redraw';
  }
  if (key === 'enter') {
    state.mode = { kind: 'row', row, offset: 0 };
    return 'redraw';
  }
  const signal = key === 'c' ? 'cancel' : key === 'k' ? 'terminate' : undefined;
  if (signal === undefined) return undefined;
  if (view.identity !== 'pid') {
    state.message = `${view.name} are no sessions: 1 and 2 show those`;
    return 'redraw';
  }
  // It stays selected whatever the next look brings.
  state.selection = selectionAt(rows, view, index);
  state.mode = { kind: 'planning', signal, pid: Number(row['pid']) };
  return 'look';
}

/** Applied letter by letter. */
function pressInFilter(state: TopState, key: string): Pressed {
  if (key === 'enter') return back(state);
  if (key === 'escape') {
    state.mode = TABLE;
    return filtered(state, '');
  }
  const text = edited(state.filter, key);
  return text === state.filter ? 'nothing' : filtered(state, text);
}

/** With a filter more rows are fetched to look at; while it is paused, those on the screen are looked at. */
function filtered(state: TopState, text: string): Pressed {
  state.filter = text;
  state.selection = FIRST;
  return state.paused ? 'redraw' : 'look';
}

function pressInText(state: TopState, mode: Extract<Mode, { readonly offset: number }>, key: string): Pressed {
  const step = STEPS[key];
  if (step === undefined) return ['escape', 'enter', 'q', '?'].includes(key) ? back(state) : 'nothing';
  state.mode = { ...mode, offset: Math.max(0, Number.isFinite(step) ? mode.offset + step : 0) };
  return 'redraw';
}

function pressInQuestion(
  state: TopState,
  mode: Extract<Mode, { readonly kind: 'confirm' }>,
  key: string,
  database: string,
): Pressed {
  if (key === 'escape' || (key === 'enter' && mode.typed.normalize('NFC') !== database.normalize('NFC'))) {
    state.message = 'not confirmed; nothing was sent';
    return back(state);
  }
  state.mode = key === 'enter' ? { kind: 'sending', plan: mode.plan } : { ...mode, typed: edited(mode.typed, key) };
  return key === 'enter' ? 'look' : 'redraw';
}

function back(state: TopState): Pressed {
  state.mode = TABLE;
  return 'redraw';
}

/** A line of text after one more key; keys with a name type nothing. */
function edited(text: string, key: string): string {
  if (key === 'backspace') return Array.from(text).slice(0, -1).join('');
  return Array.from(key).length === 1 && !/\p{Cc}/u.test(key) ? text + key : text;
}
