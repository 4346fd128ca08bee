import { Chalk } from 'chalk';
import type { Style } from './style.ts';

/** The coloured style, for whoever has already decided that there is colour (terminalOf). */
export function paintedStyle(): Style {
  // chalk's own detection ignores NO_COLOR, so the level is given; 16 colours are what every palette makes readable.
  const chalk = new Chalk({ level: 1 });
  return {
    ok: (text) => chalk.green(text),
    warn: (text) => chalk.yellow(text),
    bad: (text) => chalk.red(text),
    dim: (text) => chalk.dim(text),
    bold: (text) => chalk.bold(text),
    heading: (text) => chalk.bold(text),
  };
}
