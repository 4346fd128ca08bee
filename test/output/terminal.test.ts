import { describe, expect, it } from 'vitest';
import { terminalOf } from '../../src/output/terminal.ts';

const tty = { isTTY: true, columns: 120 };
const pipe = {};

describe('colour', () => {
  it.each([
    ['a terminal has it', tty, {}, undefined, true],
    ['a pipe has not', pipe, {}, undefined, false],
    ['NO_COLOR takes it away', tty, { NO_COLOR: '1' }, undefined, false],
    ['an empty NO_COLOR says nothing', tty, { NO_COLOR: '' }, undefined, true],
    ['NO_COLOR is stronger than FORCE_COLOR', tty, { NO_COLOR: '1', FORCE_COLOR: '1' }, undefined, false],
    ['--color is stronger than NO_COLOR', pipe, { NO_COLOR: '1' }, true, true],
    ['--no-color is stronger than FORCE_COLOR', tty, { FORCE_COLOR: '3' }, false, false],
    ['FORCE_COLOR gives it to a pipe', pipe, { FORCE_COLOR: '1' }, undefined, true],
    ['FORCE_COLOR=0 takes it away', tty, { FORCE_COLOR: '0', CLICOLOR_FORCE: '1' }, undefined, false],
    ['CLICOLOR_FORCE gives it to a pipe', pipe, { CLICOLOR_FORCE: '1', TERM: 'dumb' }, undefined, true],
    ['CLICOLOR=0 takes it away', tty, { CLICOLOR: '0' }, undefined, false],
    ['a dumb terminal has not', tty, { TERM: 'dumb' }, undefined, false],
  ])('%s', (_, stream, env, color, expected) => {
    expect(terminalOf(stream, env, { color }).color).toBe(expected);
  });
});

describe('width', () => {
  it.each([
    ['the stream knows', tty, { COLUMNS: '40' }, 120],
    ['else the environment', pipe, { COLUMNS: '40' }, 40],
    ['else 80', pipe, {}, 80],
    ['a terminal without a size is 80', { isTTY: true, columns: 0 }, {}, 80],
    ['nonsense in the environment is 80', pipe, { COLUMNS: '-3' }, 80],
  ])('%s', (_, stream, env, expected) => {
    expect(terminalOf(stream, env).width).toBe(expected);
  });
});

describe('unicode', () => {
  it.each([
    [{}, true],
    [{ LANG: 'ko_KR.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'ko_KR.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'POSIX' }, false],
    [{ TERM: 'linux', LANG: 'en_US.UTF-8' }, false],
  ])('%j gives %s', (env, expected) => {
    expect(terminalOf(tty, env).unicode).toBe(expected);
  });
});
