import { afterEach, expect, test } from 'vitest';

import { runCli } from '../cli-process.fixture.js';
import type { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';
import { agentProject, agentSource } from './agent-project.fixture.js';

let folder: TestFolder;

afterEach(() => folder[Symbol.asyncDispose]());

// As the last lines of LiveKit's starter and of its examples.
const STARTER = `
import { ServerOptions, cli } from '@livekit/agents';
import { fileURLToPath } from 'node:url';

cli.runApp(new ServerOptions({ agent: fileURLToPath(import.meta.url), agentName: 'starter' }));
`;

const IGNORED =
  /starter\.\w+ starts LiveKit's own worker: cli\.runApp\(\) was ignored, because the pool is the worker\. Remove it/g;

test.each(['agents/starter.ts', 'agents/starter.js', 'agents'])(
  'an agent that ends as in LiveKit is listed, with one warning: %s',
  async (path) => {
    folder = await agentProject({
      'agents/starter.js': agentSource('Starter', STARTER),
      ...(path === 'agents/starter.ts' ? { [path]: agentSource('Starter', STARTER) } : {}),
    });
    const { code, stdout, stderr } = await runCli(['list', folder.of(path), '--plain']);
    expect(stdout).toMatch(/^starter: class=Starter/);
    expect(stderr.match(IGNORED)).toHaveLength(1);
    expect(stderr).toMatch(/^openrtc: .*\n$/);
    expect(code).toBe(0);
  },
);

const OWN_ENTRY = `import { AgentPool } from '@openrtc/core';
import { fileURLToPath } from 'node:url';
ISOLATION
await pool.discover(fileURLToPath(new URL('./agents', import.meta.url)));
await pool.run();
`;

test.each([
  { where: 'in the worker', ext: 'ts', args: [] },
  { where: 'in the worker', ext: 'js', args: [] },
  { where: 'in processes', ext: 'ts', args: ['--isolation', 'process'] },
  { where: 'in processes', ext: 'js', args: ['--isolation', 'process'] },
  {
    where: 'in the worker, of an own entry',
    ext: 'js',
    args: undefined,
    pool: 'const pool = new AgentPool();',
  },
  {
    where: 'in processes, of an own entry',
    ext: 'js',
    args: undefined,
    pool: "import { processes } from '@openrtc/isolation-process';\nconst pool = new AgentPool({ isolation: processes() });",
  },
])('.$ext: only the pool takes calls, $where', async ({ ext, args, pool = '' }) => {
  folder = await agentProject({
    [`agents/starter.${ext}`]: agentSource('Starter', STARTER),
    'main.js': OWN_ENTRY.replace('ISOLATION', pool),
  });
  const workers = await TestWorkers.create();
  try {
    const { livekit } = workers;
    const { child, ended } =
      args === undefined
        ? workers.start(['start'], { entry: folder.of('main.js') })
        : workers.start(['start', folder.of('agents'), '--port', '0', ...args]);
    const early = ended.then(({ stdout, stderr }) => expect.fail(`it ended: ${stdout}${stderr}`));
    early.catch(() => {});
    await Promise.race([livekit.until((now) => now.workers.length > 0, 60_000), early]);
    const call = await livekit.call({ room: 'any', joinTimeoutMs: 60_000 });
    expect(await call.nextReply()).toBe('I am Starter.');
    expect(livekit.workers.map(({ agentName }) => agentName)).toEqual(['']);
    child.kill('SIGTERM');
    await livekit.until((now) => now.workers[0]?.status === 'full');
    call.hangUp();
    const { code, stdout, stderr } = await ended;
    // Not once more by each process for calls.
    expect(`${stdout}${stderr}`.match(IGNORED)).toHaveLength(1);
    expect(code).toBe(0);
  } finally {
    await workers[Symbol.asyncDispose]();
  }
});
