import { option } from '../../cli/options.ts';

/** Options of the commands that read all metrics. */
export const COLLECTOR_OPTIONS = {
  collect: option.texts('this collector only, such as monitor/cache, monitor/wal or metrics', { placeholder: 'name' }),
  skip: option.texts('without this collector', { placeholder: 'name' }),
  timeout: option.duration('how long one collector may take on the server', { default: 5000 }),
};
