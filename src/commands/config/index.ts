import type { Noun } from '../../cli/command.ts';
import { init } from './init.ts';
import { show } from './show.ts';

export const config: Noun = {
  name: 'config',
  summary: 'show where every setting comes from; write a project file',
  commands: [show, init],
};
