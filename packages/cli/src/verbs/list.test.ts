import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { fixture, runCli } from '../cli-process.fixture.js';

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/list.schema.json', import.meta.url), 'utf8'),
) as { $defs: { agent: { required: string[]; properties: object } } };

test('TypeScript agents are listed as JSON, and nothing else is on stdout', async () => {
  const { code, stdout, stderr } = await runCli([
    'list',
    fixture('agents'),
    '--json',
    '--resources',
  ]);
  expect(stderr).toBe('support is loaded\n');
  expect(code).toBe(0);
  const list = JSON.parse(stdout) as { agents: Record<string, unknown>[] };
  expect(list).toMatchObject({
    schemaVersion: 1,
    command: 'list',
    agents: [
      {
        name: 'restaurant',
        class: 'Restaurant',
        stt: null,
        llm: '<factory>',
        greeting: 'Today: soup.',
        sourcePath: fixture('agents/restaurant.ts'),
      },
      // Both import one module, which has registered both.
      { name: 'support', class: 'Support', greeting: 'Loaded: restaurant, support.' },
    ],
    resources: { agentCount: 2, agentsWithKnownSource: 2 },
  });
  const { required, properties } = schema.$defs.agent;
  for (const agent of list.agents) {
    expect(Object.keys(agent)).toEqual(expect.arrayContaining(required));
    for (const key of Object.keys(agent)) expect(properties).toHaveProperty(key);
  }
});

test('JavaScript agents are listed with defaults from flags and environment', async () => {
  const { code, stdout } = await runCli(
    ['list', '--agents-dir', fixture('javascript'), '--plain', '--default-llm', 'openai/gpt-4.1'],
    { env: { OPENRTC_DEFAULT_TTS: 'cartesia/sonic-3', OPENRTC_DEFAULT_LLM: 'never/this' } },
  );
  expect(stdout).toBe(
    'greeter: class=Greeter, stt=-, llm=openai/gpt-4.1, tts=cartesia/sonic-3, greeting=-\n',
  );
  expect(code).toBe(0);
});

test.each(['exports.ts', 'runs.ts'])('the pool of the module %s is found', async (module) => {
  const { code, stdout, stderr } = await runCli(['list', fixture(`pools/${module}`), '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as { agents: unknown[] }).agents).toHaveLength(1);
});

test("a user's own entry runs the verb, through run() and through runApp()", async () => {
  const [main, app] = await Promise.all(
    ['main.mjs', 'app.mjs'].map((name) =>
      runCli(['list', '--plain'], { entry: fixture(`pools/${name}`) }),
    ),
  );
  expect(main).toMatchObject({ code: 0, stderr: '' });
  expect(main?.stdout).toMatch(/^own: class=Own,/);
  expect(app).toMatchObject({ code: 0, stderr: '' });
  expect(app?.stdout).toMatch(/^app: class=App,/);
});

test.each([
  {
    args: ['list', fixture('agents'), '--plain', '--json'],
    says: 'use --json or --plain, not both',
  },
  { args: ['list'], says: 'which agents? Name a directory' },
  { args: ['list', fixture('nowhere')], says: 'does not exist' },
  { args: ['list', fixture('agents/menu.txt')], says: 'neither a directory nor a module' },
  { args: ['list', fixture('pools/nothing.mjs')], says: 'exports no pool' },
  { args: ['list', fixture('voice-bin')], says: 'CONFIG_DISCOVERY' },
])('$args: $says', async ({ args, says }) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(stderr).toContain(says);
  expect(stderr).toMatch(/^openrtc: /);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});
