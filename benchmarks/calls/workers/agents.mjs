// The SDK's own worker: a process per call. Its refusal by CPU load is off, so that every call is answered.
import { ServerOptions, cli } from '@livekit/agents';
import { fileURLToPath } from 'node:url';

// Without a number, as many processes are kept warm as the SDK does by itself.
const { BENCH_IDLE_PROCESSES, BENCH_PORT } = process.env;

cli.runApp(
  new ServerOptions({
    agent: fileURLToPath(new URL('./agents-entry.mjs', import.meta.url)),
    loadFunc: async () => 0,
    port: Number(BENCH_PORT),
    // Eight at once on two cores take longer than the ten seconds it gives them by itself.
    initializeProcessTimeout: 60_000,
    ...(BENCH_IDLE_PROCESSES && { numIdleProcesses: Number(BENCH_IDLE_PROCESSES) }),
  }),
);
