// The SDK's own worker, with one process per call. It does not refuse calls by CPU load, so every call is answered.
import { ServerOptions, cli } from '@livekit/agents';
import { fileURLToPath } from 'node:url';

// Without a number, the SDK's default number of processes is kept warm.
const { BENCH_IDLE_PROCESSES, BENCH_PORT } = process.env;

cli.runApp(
  new ServerOptions({
    agent: fileURLToPath(new URL('./agents-entry.mjs', import.meta.url)),
    loadFunc: async () => 0,
    port: Number(BENCH_PORT),
    // Eight processes that start together on two cores take longer than the default of ten seconds.
    initializeProcessTimeout: 60_000,
    ...(BENCH_IDLE_PROCESSES && { numIdleProcesses: Number(BENCH_IDLE_PROCESSES) }),
  }),
);
