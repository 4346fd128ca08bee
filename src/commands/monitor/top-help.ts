import type { Mode } from './top-state.ts';
import { VIEWS } from './top-views.ts';

export const HELP: readonly string[] = [
  ...VIEWS.map(({ key, name }) => `${key}           ${name}`),
  '',
  'up down     select a row; page up, page down, home, end too',
  'enter       the selected row as a whole, with its statement, literals masked',
  's           sort by something else (blocking has the order of its queues)',
  '/           show only rows that contain what is typed, in any column; escape ends that',
  'space       pause, and go on',
  '+ -         look less often, more often',
  '',
  'c           cancel the statement of the selected session, as monitor cancel',
  'k           end the selected session, as monitor terminate',
  '            Both show what they would end, and ask for the name of the database.',
  '',
  'q           leave; Ctrl-C too',
];

const COMMANDS = ['q quit', '? help', '/ filter', 's sort', 'enter row', 'c cancel', 'k terminate'];
const TABLE_KEYS = [...COMMANDS, ...VIEWS.map(({ key, name }) => `${key} ${name}`), 'space pause', '+/-'].join('  ');

/** The last line of the screen. */
export const KEYS: Readonly<Record<Mode['kind'], string>> = {
  table: TABLE_KEYS,
  filter: 'enter keep  escape all rows',
  help: 'escape back  up down scroll',
  row: 'escape back  up down scroll',
  planning: 'escape back',
  confirm: 'enter send, when the name is right  escape leave it alone',
  sending: 'Ctrl-C leave',
};
