import { settingError } from './setting-error.ts';
import type { Value } from './values.ts';

/**
 * Reads `-c work_mem=64MB --search_path=a,b` (blanks in values as `\ `): the switches of `options` that set a parameter.
 * The server's other switches have no equivalent after the connection stands and are refused.
 */
export function parseServerOptions(given: Value | undefined): (readonly [name: string, value: string])[] {
  if (!given?.value) return [];
  const words = (given.value.match(/(?:\\[\s\S]|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\([\s\S])/g, '$1'));
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const text = word === '-c' ? words[(index += 1)] : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([\w.-]+)=([\s\S]*)$/.exec(text ?? '') ?? [];
    if (name === undefined || value === undefined) {
      throw settingError(
        given.origin,
        'options holds something other than -c name=value or --name=value',
        'remove the other switches',
      );
    }
    settings.push([name.replaceAll('-', '_'), value]);
  }
  return settings;
}
