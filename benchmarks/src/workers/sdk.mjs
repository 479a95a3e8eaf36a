// The SDK's own worker: a process per call. Its refusal by CPU load is off, so that every call is answered.
import { ServerOptions, cli } from '@livekit/agents';
import { fileURLToPath } from 'node:url';

cli.runApp(
  new ServerOptions({
    agent: fileURLToPath(new URL('./sdk-agent.mjs', import.meta.url)),
    loadFunc: async () => 0,
    port: 0,
  }),
);
