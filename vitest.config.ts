import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The second one names, last of all, what could not run on this machine (test/support/outside.ts).
    reporters: ['default', './test/support/left-out-reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Servers are shared by the files of one run; two files at a time is what two cores carry.
    pool: 'forks',
    maxWorkers: 2,
    // No test depends on absolute time: these bounds only end a hang on a loaded machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
  },
});
