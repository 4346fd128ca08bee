import { quoteIdentifier, quoteLiteral } from '../../../db/identifiers.ts';
import type { Check, Fix, Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import type { WantedSetting } from './config-file.ts';
import { readWantedSettings } from './config-file.ts';
import { readSettings } from './queries.ts';
import type { LiveSetting, Rule } from './rules.ts';
import { RULES, SPECIFIED_RAM } from './rules.ts';

/** One check for each line of sql/config/postgresql.conf. */
export async function settingChecks(): Promise<Check[]> {
  const wanted = await readWantedSettings();
  const names = wanted.map(({ name }) => name);
  return wanted.flatMap((setting) => {
    const rule = RULES[setting.name];
    return rule === undefined ? [] : [checkOf(setting, rule, names)];
  });
}

function checkOf(wanted: WantedSetting, rule: Rule, names: readonly string[]): Check {
  const { name, value, comment } = wanted;
  const security = rule.severity === 'critical';
  return {
    id: `conf.${name}`,
    title: `${name} is as the specification asks`,
    box: security ? '보안: SSL/TLS 설정 완료' : 'postgresql.conf',
    profiles: security ? ['pre-deploy', 'daily'] : ['pre-deploy'],
    expected: rule.expected(value, SPECIFIED_RAM),
    why: comment === '' ? 'sql/config/postgresql.conf' : comment.replace(/^\[ADDITION\] /, ''),
    requires: [],
    look: async (look) => {
      const live = await look.once('settings', async () => readSettings(look.session.sql, names));
      const found = live.find((setting) => setting.name === name);
      return [
        found === undefined ? hidden(look, name) : judge(found, { wanted, rule, ramBytes: look.options.ramBytes }),
      ];
    },
  };
}

function hidden({ session }: Look, name: string): Sighting {
  const role = quoteIdentifier(session.server.user);
  return {
    severity: 'unknown',
    evidence: `this role may not see ${name}`,
    fix: { kind: 'sql', text: `grant pg_read_all_settings to ${role}` },
  };
}

interface Question {
  readonly wanted: WantedSetting;
  readonly rule: Rule;
  readonly ramBytes: number;
}

function judge(live: LiveSetting, { wanted, rule, ramBytes }: Question): Sighting {
  const shown = `${live.name} = ${live.value === '' ? "''" : live.value}${unitText(live.unit)}`;
  if (rule.holds(live, wanted.value, ramBytes)) return ok(shown);
  const value = rule.remedy?.(live, wanted.value, ramBytes) ?? wanted.value;
  const evidence = `${shown}, expected: ${rule.expected(wanted.value, ramBytes)}`;
  return { severity: rule.severity, evidence, fix: fixFor(live, value, rule.before) };
}

function fixFor({ name, context }: LiveSetting, value: string, before: string | undefined): Fix {
  // A list is given as its members: one string with commas would name a single library.
  const values = name === 'shared_preload_libraries' ? value.split(', ') : [value];
  const set = `alter system set ${name} = ${values.map(quoteLiteral).join(', ')}`;
  const text = context === 'postmaster' ? `${set} -- then restart the server` : `${set}; select pg_reload_conf()`;
  return { kind: 'sql', text: before === undefined ? text : `-- ${before}\n${text}` };
}

/** "8kB" counts blocks. */
function unitText(unit: string | null): string {
  if (unit === null) return '';
  return /^\d/.test(unit) ? ` × ${unit}` : ` ${unit}`;
}
