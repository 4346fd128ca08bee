// CPU of `ordersync --version` and `--help` over bare `node -e 0`.
import { fileURLToPath } from 'node:url';
import { benchEnvironment, interleave, printVerdicts, ratio, timeCommand } from './measure.js';

const bin = fileURLToPath(new URL('../bin/ordersync.js', import.meta.url));
const cpuOf = (line) => async () => timeCommand(line, { repeat: 10, env: benchEnvironment() }).cpu;

export async function startup() {
  const taken = await interleave({
    'node -e 0': cpuOf('node -e 0'),
    'ordersync --version': cpuOf(`node ${bin} --version`),
    'ordersync --help': cpuOf(`node ${bin} --help`),
  });
  const verdicts = ['ordersync --version', 'ordersync --help'].map((side) =>
    ratio(taken, side, 'node -e 0', { bound: 1.35 }),
  );
  printVerdicts('start-up, CPU', verdicts, taken);
  return verdicts;
}
