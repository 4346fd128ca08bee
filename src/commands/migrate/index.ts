import type { Noun } from '../../cli/command.ts';
import { baseline } from './baseline.ts';
import { down } from './down.ts';
import { lint } from './lint.ts';
import { create } from './new.ts';
import { plan } from './plan.ts';
import { redo } from './redo.ts';
import { repair } from './repair.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { verify } from './verify.ts';

export const migrate: Noun = {
  name: 'migrate',
  summary: 'apply, roll back, check and rehearse schema migrations',
  commands: [up, down, redo, status, plan, verify, lint, create, baseline, repair],
};
