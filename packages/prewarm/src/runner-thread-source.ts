/**
 * The code of the thread that runs inference runners, as text for `new Worker(text, { eval: true })`. It is not a file,
 * because bundlers move files, and tests run TypeScript sources, from which a thread cannot start. It has only dynamic
 * imports, so it runs as a script and as a module, whatever `--input-type` says.
 * `workerData`: {@link RunnerThreadData}.
 */
export const runnerThreadSource = `(async () => {
  const { parentPort, workerData } = await import('node:worker_threads');

  // rtc-node has one native callback per process: a client created in this thread would receive the audio of every
  // call. So any use of it here throws.
  globalThis._ffiClientInstance = new Proxy({}, {
    get() { throw new Error('@livekit/rtc-node cannot be used in an inference runner'); },
  });

  const { initializeLogger } = await import(workerData.agentsUrl);
  initializeLogger(workerData.logger);

  const runners = new Map();
  const open = async (url) => {
    const exported = (await import(url)).default;
    const Runner = typeof exported === 'function' ? exported : exported?.default;
    if (typeof Runner !== 'function') throw new Error(url + ' has no class as its default export');
    const runner = new Runner();
    await runner.initialize();
    return runner;
  };
  const runnerOf = (url) => {
    if (!runners.has(url)) {
      const opening = open(url);
      runners.set(url, opening);
      opening.catch(() => runners.delete(url));
    }
    return runners.get(url);
  };
  const closeAll = async () => {
    for (const opening of runners.values()) await (await opening).close();
  };

  parentPort.on('message', async ({ id, url, data }) => {
    let loaded = false;
    try {
      const runner = url === undefined ? undefined : await runnerOf(url);
      loaded = true;
      parentPort.postMessage({ id, result: runner ? await runner.run(data) : await closeAll() });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      parentPort.postMessage({ id, failed: loaded ? 'run' : 'load', error: { name, message, stack } });
    }
  });
})()`;

/** What the thread is started with. */
export interface RunnerThreadData {
  /** URL of the copy of `@livekit/agents` whose logger the runners use. */
  readonly agentsUrl: string;
  readonly logger: { readonly pretty: boolean; readonly level?: string };
}

/** A request to the thread: to run one runner, or without a `url` to close all of them. */
export interface RunnerRequest {
  readonly id: number;
  readonly url?: string;
  readonly data?: unknown;
}

/** The answer of the thread. */
export type RunnerResponse =
  | { readonly id: number; readonly failed?: undefined; readonly result: unknown }
  | {
      readonly id: number;
      readonly failed: 'load' | 'run';
      readonly error: { readonly name: string; readonly message: string; readonly stack?: string };
    };
