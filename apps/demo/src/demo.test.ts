import { expect, test } from 'vitest';

import { runDemo } from './run-demo.fixture.js';

test('three calls at once over the embedded endpoint are answered as they should be', async () => {
  const { code, stdout, stderr } = await runDemo('--embedded', '--calls', '3', '--at-once', '3');
  expect(stderr).toBe('');
  expect(stdout).toContain('All well: 3 of 3 calls were answered by the right agent');
  expect(stdout).toContain('3 at the same time; the worker drained on SIGTERM and exited 0.');
  expect(stdout).toContain('NO REAL LIVEKIT-SERVER');
  expect(stdout).toContain('tool used:  openingHours({"day":"Sunday"})');
  expect(stdout).toContain("room metadata 'agent'");
  // No colour outside of a terminal.
  expect(stdout).not.toContain('\u001b[');
  expect(code).toBe(0);
});

test.each([
  { args: ['--call', '3'], says: "Unknown option '--call'" },
  { args: ['--calls', 'many'], says: "--calls takes a whole number from 1 to 500, not 'many'." },
  {
    args: ['--calls', '2', '--at-once', '3'],
    says: '--at-once 3 is more than the 2 calls there are.',
  },
  {
    args: ['--reload-demo', '--keep'],
    says: '--reload-demo has one call: it takes no --calls, --at-once or --keep.',
  },
])('$args is refused with exit code 2', async ({ args, says }) => {
  const { code, stdout, stderr } = await runDemo(...args);
  expect(stderr).toContain(says);
  expect(stderr).toContain('Usage: npm start');
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('--help tells the options', async () => {
  const { code, stdout } = await runDemo('--help');
  expect(stdout).toContain('--at-once N');
  expect(stdout).toContain('--reload-demo');
  expect(code).toBe(0);
});
