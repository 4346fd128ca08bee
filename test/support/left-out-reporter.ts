import type { Reporter, TestModule } from 'vitest/node';
import { LEFT_OUT } from './outside.ts';

/** Names at the very end which tests could not run on this machine, so that a green run never hides them. */
export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].flatMap((test) => {
        const result = test.result();
        const note = result.state === 'skipped' ? result.note : undefined;
        return note?.startsWith(LEFT_OUT)
          ? [`  ${module.relativeModuleId}: ${test.fullName} (${note.slice(LEFT_OUT.length + 1)})`]
          : [];
      }),
    );
    if (lines.length > 0)
      console.log(
        [`${lines.length} ${lines.length === 1 ? 'check was' : 'checks were'} left out:`, ...lines].join('\n'),
      );
  }
}
