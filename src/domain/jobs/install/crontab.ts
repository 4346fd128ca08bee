import type { Entry } from './entry.ts';

/** `local`: times on the clocks of each job's zone, by CRON_TZ; `utc`: times in UTC, for a cron that knows no CRON_TZ. */
export type CrontabTimes = 'local' | 'utc';

/** One line of a crontab. What a run says on stdout is dropped; an error goes to stderr, which cron sends as mail. */
export function crontabLine({ words, ...entry }: Entry, times: CrontabTimes): string {
  const schedule = times === 'local' ? entry.schedule : entry.utcSchedule;
  // In a crontab % is the end of the command, also within quotes.
  return `${schedule} ${words
    .map(shellWord)
    .join(' ')
    .replaceAll('%', String.raw`\%`)} >/dev/null`;
}

/** A whole crontab, to be appended to another. */
export function crontabText(entries: readonly Entry[], times: CrontabTimes): string {
  return times === 'local' ? localText(entries) : utcText(entries);
}

function localText(entries: readonly Entry[]): string {
  const zones = [...new Set(entries.map(({ job }) => job.timeZone))];
  const groups = zones.map((zone) =>
    [
      `CRON_TZ=${zone}`,
      ...entries.filter(({ job }) => job.timeZone === zone).map((entry) => crontabLine(entry, 'local')),
    ].join('\n'),
  );
  return [
    '# Jobs of ordersync, for a cron that knows CRON_TZ: cronie (Red Hat, Fedora, Arch, SUSE), fcron. The cron of Debian',
    '# and Ubuntu does not, and would run them at the wrong hour: use --as crontab-utc or --as systemd there.',
    ...APPEND,
    ...groups,
    '',
  ].join('\n');
}

function utcText(entries: readonly Entry[]): string {
  return [
    '# Jobs of ordersync, in UTC, for a machine whose time zone is UTC.',
    ...APPEND,
    ...entries.map((entry) => crontabLine(entry, 'utc')),
    '',
  ].join('\n');
}

const APPEND = [
  '# Append it to the crontab of the user whose ~/.pgpass (or certificate) opens the database: crontab -e',
] as const;

/** A word as /bin/sh takes it literally. */
function shellWord(word: string): string {
  return /^[\w@+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
