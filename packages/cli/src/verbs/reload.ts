import { commandWorker, findWorkers, redactor } from '@openrtc/core/operate';

import { exitCode } from '../exit-code.js';
import { type Host, writeMessage } from '../host.js';
import { byLines } from '../report-error.js';
import { terminalJson } from '../terminal-text.js';
import { chooseWorkers } from './reload/choose-workers.js';
import { type WorkerReload, failureText, linesOf, reloadJson } from './reload/worker-reload.js';
import type { ViewContext } from './verb-context.js';

/** `reload`: lets running workers of this user reload their agents. It fails when one of them has not. */
export async function run({ flags, host }: ViewContext): Promise<number> {
  const { workers, problems } = await findWorkers();
  const chosen = await chooseWorkers(workers, flags, problems);
  for (const problem of problems) writeMessage(host, byLines(problem));
  const show = flags.json ? () => {} : (reload: WorkerReload) => print(reload, host);
  const reloads = await Promise.all(
    chosen.map(async (worker) => {
      const reload = { worker, ...(await commandWorker(worker, 'reload')) };
      show(reload);
      return reload;
    }),
  );
  if (flags.json)
    host.stdout.write(`${terminalJson(JSON.stringify(reloadJson(reloads), undefined, 2))}\n`);
  return reloads.every((reload) => failureText(reload) === undefined)
    ? exitCode.done
    : exitCode.failed;
}

function print(reload: WorkerReload, host: Host): void {
  const failure = failureText(reload);
  if (failure !== undefined) writeMessage(host, redactor(host.env)(byLines(failure)));
  for (const line of linesOf(reload)) host.stdout.write(`${byLines(line)}\n`);
}
