import type { AnyCommand, VerdictFormat } from './command.ts';
import { VERDICT_FORMATS } from './command.ts';
import type { OptionDef, OptionSet, Values } from './options.ts';
import { option } from './options.ts';

/** Options of every command. Help shows them once, under `Global options`. */
export const GLOBAL_OPTIONS = {
  url: option.text('connection string: postgresql:// URI or keyword=value', { placeholder: 'connection' }),
  host: option.text('host, several separated by commas, or socket folder', { placeholder: 'host' }),
  port: option.text('port', { placeholder: 'port' }),
  dbname: option.text('database', { placeholder: 'name' }),
  username: option.text('role to connect as', { placeholder: 'name' }),
  env: option.text('named environment of ordersync.config.json', { placeholder: 'name' }),
  config: option.text('configuration file', { placeholder: 'file' }),
  migrations: option.text('folder of migration files', { placeholder: 'folder' }),
  format: formatOption(),
  progress: option.choice(['auto', 'json', 'none'], 'progress on stderr: auto, json or none', {
    default: 'auto',
    placeholder: 'form',
  }),
  color: option.flag('colour even when the output is not a terminal'),
  noColor: option.flag('no colour'),
  verbose: option.flag('show every column and more detail', { short: 'v' }),
  debug: option.flag('show the stack of an error'),
};

const DRY_RUN = { dryRun: option.flag('show what would be done and change nothing') };
const CONFIRMATION = {
  yes: option.flag('do not ask; not enough in a protected environment', { short: 'y' }),
  confirm: option.text('confirm by naming the database, for scripts', { placeholder: 'database' }),
};

/** Those that only some commands have are accepted here, and refused where they are not (program.ts). */
function formatOption(): OptionDef<Format | VerdictFormat> {
  const choices = ['table', 'json', 'ndjson', 'csv', 'markdown'] as const;
  const general = option.choice(choices, 'results as table, json, ndjson, csv or markdown', {
    default: 'table',
    placeholder: 'format',
  });
  return { ...general, parse: (text) => (isForSome(text) ? text : general.parse(text)) };
}

function isForSome(text: string): boolean {
  return VERDICT_FORMATS.some((name) => name === text);
}

type Format = 'table' | 'json' | 'ndjson' | 'csv' | 'markdown';
export type GlobalName = keyof typeof GLOBAL_OPTIONS;
export type GlobalValues = Values<typeof GLOBAL_OPTIONS>;
export type WriterValues = Values<typeof DRY_RUN & typeof CONFIRMATION>;

/** What a command that writes is given: --dry-run when it can show its plan, the others when it states an intent. */
export function writerOptions({ presentPlan, intent }: Pick<AnyCommand, 'presentPlan' | 'intent'>): OptionSet {
  return { ...(presentPlan === undefined ? {} : DRY_RUN), ...(intent === undefined ? {} : CONFIRMATION) };
}
