import { Argument, InvalidArgumentError, Option } from 'commander';
import type { Command as Commander } from 'commander';
import { OrdersyncError } from '../errors.ts';
import { kebab } from './names.ts';
import type { OptionDef, OptionSet } from './options.ts';

/** Registers options; their texts are parsed, and refused, while commander reads argv. */
export function addOptions(target: Commander, definitions: OptionSet): void {
  for (const [name, definition] of Object.entries(definitions)) {
    const long = `--${kebab(name)}${definition.placeholder === undefined ? '' : ` <${definition.placeholder}>`}`;
    const made = new Option(
      definition.short === undefined ? long : `-${definition.short}, ${long}`,
      definition.summary,
    );
    if (definition.placeholder !== undefined) made.argParser(parserOf(definition));
    if (definition.required) made.makeOptionMandatory();
    if (definition.describeDefault !== undefined) made.default(definition.default, definition.describeDefault);
    target.addOption(made);
  }
}

export function addArguments(target: Commander, args: OptionSet): void {
  for (const [name, definition] of Object.entries(args)) target.addArgument(argumentOf(name, definition));
}

function argumentOf(name: string, definition: OptionDef): Argument {
  const made = new Argument(definition.required ? `<${kebab(name)}>` : `[${kebab(name)}]`, definition.summary);
  return made.argParser(parserOf(definition));
}

function parserOf(definition: OptionDef): (text: string, previous: unknown) => unknown {
  return (text, previous) => {
    const value = parseOrExplain(definition, text);
    if (!definition.repeatable) return value;
    return previous === definition.default ? [value] : [...((previous as readonly unknown[] | undefined) ?? []), value];
  };
}

function parseOrExplain(definition: OptionDef, text: string): unknown {
  try {
    return definition.parse(text);
  } catch (error) {
    if (error instanceof OrdersyncError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** What commander stored, as the values that the definitions promise. */
export function valuesOf(definitions: OptionSet, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, valueOf(name, definition, raw)]),
  );
}

/** commander stores `--no-color` as color = false, beside `--color` as color = true. */
function valueOf(name: string, definition: OptionDef, raw: Readonly<Record<string, unknown>>): unknown {
  const negated = /^no([A-Z])(.*)$/.exec(name);
  if (negated !== null) return raw[`${negated[1]?.toLowerCase()}${negated[2]}`] === false;
  if (definition.placeholder === undefined) return raw[name] === true;
  return raw[name] ?? definition.default;
}

export function positionals(args: OptionSet, values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(args).map(([name, definition], index) => [name, values[index] ?? definition.default]),
  );
}
