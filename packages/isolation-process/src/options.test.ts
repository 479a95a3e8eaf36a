import { expect, test } from 'vitest';

import { childCommand } from './child-command.js';
import { type ProcessesOptions, resolveProcesses } from './options.js';

test.each<[ProcessesOptions, string]>([
  [{ sessionsPerProcess: 0 }, 'sessionsPerProcess must be a whole number from 1 to 1000, got 0'],
  [{ sessionsPerProcess: 1.5 }, 'got 1.5'],
  [{ memoryLimitMb: 64 }, 'memoryLimitMb must be a whole number from 128'],
  [{ memoryLimitMb: 300, memoryWarnMb: 300 }, 'memoryWarnMb must be a whole number from 1 to 299'],
  [{ memoryLimitMb: Number.NaN }, 'got NaN'],
  [{ idleProcesses: -1 }, 'idleProcesses must be'],
  [{ startTimeoutMs: 10 }, 'startTimeoutMs must be'],
  [{ groupBy: 'room' as 'agent' }, "groupBy must be 'tenant', 'agent' or a function, got room"],
  [{ execArgv: [1] as unknown as string[] }, 'execArgv must be an array of strings'],
  [{ env: null as unknown as Record<string, string> }, 'env must be an object of strings'],
  [{ execArgv: '--inspect' as unknown as string[] }, 'execArgv must be an array of strings, such'],
  [{ env: new Map() as unknown as Record<string, string> }, 'env must be an object of strings'],
  [{ env: { A: 5 } as unknown as Record<string, string> }, 'env.A must be a string, got a number'],
  [{ entry: 3 as unknown as string }, 'entry must be a path or a file: URL'],
  [{ entry: ' ' }, 'entry must be a path or a file: URL'],
  [{ entry: new URL('https://x/y.js') }, 'entry must be a path or a file: URL'],
  [null as unknown as ProcessesOptions, 'processes(): options must be an object, got null'],
  [5 as ProcessesOptions, 'processes(): options must be an object, got a number'],
  [[] as ProcessesOptions, 'processes(): options must be an object, got an array'],
  [new Map() as ProcessesOptions, 'processes(): options must be an object, got a Map'],
  [{ sesionsPerProcess: 3 } as ProcessesOptions, 'unknown option "sesionsPerProcess"'],
])('%j is refused with the allowed values', (options, message) => {
  expect(() => resolveProcesses(options)).toThrow(message);
  expect(() => resolveProcesses(options)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID_OPTION' }),
  );
});

const source = {
  entry: '/app/main.js',
  packagesFrom: ['/app/main.js'],
  pool: 1,
  argv: [
    'start',
    '--api-secret',
    'hush',
    '--livekit-token=hush',
    '--port',
    '8081',
    '--api-key=hush',
  ],
  execArgv: ['--enable-source-maps', '--inspect=9229'],
};

test('a process runs the entry with its flags, without the debugger and without secrets', () => {
  const command = childCommand(source, resolveProcesses({ memoryLimitMb: 300 }), {
    LIVEKIT_URL: 'ws://livekit',
    LIVEKIT_API_KEY: 'hush',
    LIVEKIT_API_SECRET: 'hush',
    LIVEKIT_WORKER_TOKEN: 'hush',
    OPENRTC_METADATA_SECRET: 'hush',
    OPENAI_API_KEY: 'sk-1',
  });
  expect(command).toMatchObject({ entry: '/app/main.js', args: ['start', '--port', '8081'] });
  expect(command.execArgv).toEqual([
    '--import',
    expect.stringMatching(/child\/preload\.js$/),
    '--max-old-space-size=300',
    '--max-semi-space-size=4',
    '--enable-source-maps',
  ]);
  expect(JSON.stringify(command)).not.toContain('hush');
  expect(command.env).toMatchObject({
    LIVEKIT_URL: 'ws://livekit',
    OPENAI_API_KEY: 'sk-1',
    OPENRTC_SERVE_POOL: '1',
  });
});

test('options override the values of the worker', () => {
  const { env, execArgv, entry } = childCommand(
    source,
    resolveProcesses({
      env: { LIVEKIT_API_SECRET: 'shared on purpose', MALLOC_ARENA_MAX: '4' },
      execArgv: ['--trace-warnings'],
      entry: new URL('file:///app/calls.js'),
    }),
    {},
  );
  expect(env).toMatchObject({ LIVEKIT_API_SECRET: 'shared on purpose', MALLOC_ARENA_MAX: '4' });
  expect(env).not.toHaveProperty('OPENRTC_SERVE_POOL');
  expect(execArgv).toContain('--trace-warnings');
  expect(execArgv).not.toContain('--enable-source-maps');
  expect(entry).toBe('/app/calls.js');
});

test.each<[string, ProcessesOptions, NodeJS.ProcessEnv]>([
  ['several calls in a process', { sessionsPerProcess: 2 }, {}],
  ['a flag of the user', { execArgv: ['--max_semi_space_size=8'] }, {}],
  ['the other flag of the user', { execArgv: ['--min-semi-space-size=8'] }, {}],
  ['NODE_OPTIONS', {}, { NODE_OPTIONS: '--enable-source-maps --max-semi-space-size=8' }],
  ['NODE_OPTIONS of these processes', { env: { NODE_OPTIONS: '--max-semi-space-size=8' } }, {}],
])('no size is set for the young generation of V8: %s', (_, options, env) => {
  const { execArgv } = childCommand(source, resolveProcesses(options), env);
  expect(execArgv).not.toContain('--max-semi-space-size=4');
});

test('lists and objects are copied: what their owner changes later has no effect', () => {
  const env: Record<string, string> = { MODE: 'a' };
  const execArgv = ['--enable-source-maps'];
  const resolved = resolveProcesses({ env, execArgv });
  env['MODE'] = 'b';
  execArgv.push('--inspect');
  expect(resolved).toMatchObject({ env: { MODE: 'a' }, execArgv: ['--enable-source-maps'] });
});
