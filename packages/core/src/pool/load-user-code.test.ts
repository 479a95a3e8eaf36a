import { AgentServer, ServerOptions, cli, initializeLogger } from '@livekit/agents';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { ModuleFolder, agentSource } from '../agents/files.fixture.js';
import { LogBook } from '../base/log-book.js';
import { prepareSdk } from '../sdk/patches.js';
import { AgentPool } from './agent-pool.js';
import { hostCommand } from './command-host.js';
import { loadUserCode } from './load-user-code.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

let folder: ModuleFolder | undefined;
let argv: string[];

beforeEach(() => {
  ({ argv } = process);
  // With these, LiveKit's own command would start a worker, or end the process because of the option.
  process.argv = [...argv.slice(0, 2), 'start', '--port', '1'];
});

afterEach(async () => {
  process.argv = argv;
  vi.restoreAllMocks();
  await folder?.[Symbol.asyncDispose]();
  folder = undefined;
});

const OPTIONS =
  "new ServerOptions({ agent: fileURLToPath(import.meta.url), agentName: 'x', wsURL: 'ws://127.0.0.1:1', apiKey: 'k', apiSecret: 's' })";
const IMPORTS =
  "import { fileURLToPath } from 'node:url';\nimport { AgentServer, ServerOptions, Worker, WorkerOptions, cli } from '@livekit/agents';\n";

/** The last lines of an agent file of LiveKit, and of which start they are. */
const STARTS: Readonly<Record<string, { last: string; start: string }>> = {
  'cli.runApp()': { last: `cli.runApp(${OPTIONS});`, start: 'cli.runApp()' },
  'cli.runApp() with the old name of its options': {
    last: `cli.runApp(${OPTIONS.replace('ServerOptions', 'WorkerOptions')});`,
    start: 'cli.runApp()',
  },
  'cli.runApp() in a function that is called late': {
    last: `const start = async () => {\n  await new Promise((resolve) => setTimeout(resolve, 5));\n  cli.runApp(${OPTIONS});\n};\nawait start();`,
    start: 'cli.runApp()',
  },
  'AgentServer.run()': {
    last: `await new AgentServer(${OPTIONS}).run();`,
    start: 'AgentServer.run()',
  },
  'AgentServer.run() and close()': {
    last: `const server = new AgentServer(${OPTIONS});\nawait server.run();\nawait server.close();`,
    start: 'AgentServer.run()',
  },
  'Worker.run(), its old name': {
    last: `void new Worker(${OPTIONS}).run();`,
    start: 'AgentServer.run()',
  },
};

describe("LiveKit's own worker in an agent file is not started", () => {
  test.each(Object.entries(STARTS))('%s', async (_what, { last, start }) => {
    folder = await ModuleFolder.of({ 'a.js': agentSource('A', `${IMPORTS}${last}\n`) });
    const logger = new LogBook();
    const pool = new AgentPool({ logger });
    await pool.discover(folder.path);
    expect(pool.listAgents().map(({ name }) => name)).toEqual(['a']);
    expect(logger.matching('warn', /./)).toEqual([
      expect.stringMatching(
        `a\\.js starts LiveKit's own worker: ${start.replace('()', '\\(\\)')} was ignored.*Remove it`,
      ),
    ]);
  });

  test('also when it starts it after it was loaded', async () => {
    folder = await ModuleFolder.of({
      'a.js': agentSource(
        'A',
        `${IMPORTS}globalThis.openrtcStart = new Promise((resolve) => setTimeout(resolve, 5)).then(() => cli.runApp(${OPTIONS}));\n`,
      ),
    });
    const logger = new LogBook();
    await new AgentPool({ logger }).discover(folder.path);
    await Reflect.get(globalThis, 'openrtcStart');
    expect(logger.matching('warn', /cli\.runApp\(\) was ignored/)).toHaveLength(1);
  });

  test('nor in a file that two agents import, of which one warning tells', async () => {
    const agent = (name: string) => `import './_start.js';\n${agentSource(name)}`;
    folder = await ModuleFolder.of({
      '_start.js': `${IMPORTS}cli.runApp(${OPTIONS});\ncli.runApp(${OPTIONS});\n`,
      'a.js': agent('A'),
      'b.js': agent('B'),
    });
    const logger = new LogBook();
    await new AgentPool({ logger }).discover(folder.path);
    expect(logger.matching('warn', /was ignored/)).toHaveLength(1);
  });

  test('under a command, which is told instead of the log', async () => {
    folder = await ModuleFolder.of({
      'a.js': agentSource('A', `${IMPORTS}cli.runApp(${OPTIONS});`),
    });
    const logger = new LogBook();
    const warnings: string[] = [];
    const release = hostCommand({ run: async () => {}, warn: (text) => void warnings.push(text) });
    await new AgentPool({ logger }).discover(folder.path).finally(release);
    expect(warnings).toEqual([expect.stringContaining('cli.runApp() was ignored')]);
    expect(logger.lines).toEqual([]);
  });
});

describe('the rest of the process', () => {
  test('may run a worker of LiveKit, also while agents load', async () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('LiveKit read the arguments');
    });
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const others = async () => {
      // Its own command reads the arguments, and finds an option that it does not have.
      expect(() => cli.runApp(new ServerOptions({ agent: 'x' }))).toThrow('read the arguments');
      expect(exit).toHaveBeenCalledOnce();
      exit.mockClear();
    };
    folder = await ModuleFolder.of({ 'a.js': agentSource('A') });
    await new AgentPool().discover(folder.path);
    await others();
    let loaded = () => {};
    const loading = loadUserCode(
      '/agents/a.js',
      () => {},
      () => new Promise<void>((resolve) => (loaded = resolve)),
    );
    await others();
    loaded();
    await loading;
    await others();
  });

  test('has the methods of the SDK again when the last pool has ended', async () => {
    const methods = () =>
      ['run', 'close'].map((name): unknown => Reflect.get(AgentServer.prototype, name));
    const endOnePool = () => prepareSdk(new LogBook())();
    // What the other tests have loaded is still affected.
    await endOnePool();
    const own = methods();
    await loadUserCode(
      '/agents/a.js',
      () => {},
      async () => {},
    );
    expect(methods()).not.toContain(own[0]);
    expect(methods()).not.toContain(own[1]);
    await endOnePool();
    expect(methods()).toEqual(own);
  });

  test('loads on while another pool ends', async () => {
    folder = await ModuleFolder.of({
      'a.js': agentSource(
        'A',
        `${IMPORTS}await globalThis.openrtcEnd();\ncli.runApp(${OPTIONS});\n`,
      ),
    });
    Reflect.set(globalThis, 'openrtcEnd', () => prepareSdk(new LogBook())());
    const logger = new LogBook();
    await new AgentPool({ logger }).discover(folder.path);
    expect(logger.matching('warn', /was ignored/)).toHaveLength(1);
  });
});
