import type { RunVerb, VerbContext } from './verbs/verb-context.js';
import type { Verb } from './verbs/verb.js';

// Each is loaded when it is asked for.
const handlers: Readonly<Record<Verb, () => Promise<{ run: RunVerb }>>> = {
  dev: () => import('./verbs/worker.js'),
  start: () => import('./verbs/worker.js'),
  console: () => import('./verbs/console.js'),
  connect: () => import('./verbs/connect.js'),
  list: () => import('./verbs/list.js'),
  'download-files': () => import('./verbs/download-files.js'),
  top: () => import('./verbs/top.js'),
  tui: () => import('./verbs/tui.js'),
  logs: () => import('./verbs/logs.js'),
};

/** Does what a verb is for; resolves with the exit code. */
export const runVerb: RunVerb = async (context: VerbContext) => {
  const { run } = await handlers[context.verb]();
  return run(context);
};
