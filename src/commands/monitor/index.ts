import type { Noun } from '../../cli/command.ts';
import { reportVerbs } from '../reports/verbs.ts';

/** The folder's names are read when the noun is chosen, its files when their verbs are. */
export function loadMonitor(): Noun {
  return {
    verbs: {
      ...reportVerbs('monitor'),
      explain: async () => (await import('./explain.ts')).explain,
      export: async () => (await import('./export.ts')).exportMetrics,
      serve: async () => (await import('./serve.ts')).serve,
      report: async () => (await import('./report.ts')).report,
      rules: async () => (await import('./rules.ts')).rules,
      dashboard: async () => (await import('./dashboard.ts')).dashboard,
      top: async () => (await import('./top.ts')).top,
      cancel: async () => (await import('./signal.ts')).signalCommand('cancel'),
      terminate: async () => (await import('./signal.ts')).signalCommand('terminate'),
    },
  };
}
