import type { CronExpression } from '../cron/expression.ts';
import type { Job } from '../job.ts';
import type { Entry } from './entry.ts';

export interface UnitFile {
  readonly name: string;
  readonly content: string;
}

/** A service and its timer. */
export function unitsOf(entry: Entry, user: string): readonly [service: UnitFile, timer: UnitFile] {
  const { job, expression, words } = entry;
  const name = `ordersync-${job.name}`;
  const service = `[Unit]
Description=${describe(job)}

[Service]
Type=oneshot
User=${user}
ExecStart=${words.map(unitWord).join(' ')}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
`;
  const timer = `[Unit]
Description=${describe(job)}

[Timer]
${calendarsOf(expression, job.timeZone)
  .map((calendar) => `OnCalendar=${calendar}`)
  .join('\n')}
AccuracySec=1s
Persistent=yes

[Install]
WantedBy=timers.target
`;
  return [
    { name: `${name}.service`, content: service },
    { name: `${name}.timer`, content: timer },
  ];
}

/** A shell script that writes the units into a folder, /etc/systemd/system when none is given. */
export function unitScript(units: readonly UnitFile[]): string {
  return [
    '#!/bin/sh',
    '# Writes the units of the jobs of ordersync, into /etc/systemd/system or the folder given. Then:',
    '#   systemctl daemon-reload',
    `#   systemctl enable --now ${units
      .filter(isTimer)
      .map(({ name }) => name)
      .join(' ')}`,
    'set -eu',
    'cd "${1:-/etc/systemd/system}"',
    ...units.flatMap(({ name, content }) => [`cat >${name} <<'END_OF_UNIT'`, `${content}END_OF_UNIT`]),
    '',
  ].join('\n');
}

/** What systemd.time(7) makes of a cron expression; a day of the month or one of the week takes two. */
function calendarsOf(expression: CronExpression, zone: string): readonly string[] {
  const { minutes, hours, days, months, weekdays, eitherDay } = expression;
  const time = `${numbers(hours, 24)}:${numbers(minutes, 60)}:00 ${zone}`;
  const month = numbers(months, 12);
  const weekday = weekdays.length === 7 ? '' : `${weekdays.map((number) => WEEKDAYS[number]).join(',')} `;
  if (eitherDay) return [`*-${month}-${numbers(days, 31)} ${time}`, `${weekday}*-${month}-* ${time}`];
  return [`${weekday}*-${month}-${numbers(days, 31)} ${time}`];
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function numbers(values: readonly number[], all: number): string {
  return values.length === all ? '*' : values.map((value) => String(value).padStart(2, '0')).join(',');
}

function isTimer({ name }: UnitFile): boolean {
  return name.endsWith('.timer');
}

/** One line: control characters and backslashes have a meaning at its end, % anywhere. */
function describe({ name, description }: Job): string {
  return `ordersync job ${name}: ${description.replaceAll(/[\p{C}\\]/gu, ' ').replaceAll('%', '%%')}`;
}

/** A word as systemd.service(5) takes it literally. */
function unitWord(word: string): string {
  if (/^[\w@+=:,./-]+$/.test(word)) return word;
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('$', '$$$$')
    .replaceAll('%', '%%');
  return `"${escaped}"`;
}
