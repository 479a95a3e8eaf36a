import { expect, test } from 'vitest';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('customers have agents and keys of their own, and one with a dead key is refused after three calls', async () => {
  const program = fileURLToPath(new URL('../dist/try-it.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    timeout: 120_000,
  });
  expect(stdout.trim().split('\n')).toEqual([
    'acme: "Acme, good day." "You said: Hello?"',
    'globex: "Globex. How can we help?" "You said: Hello?"',
    'globex, agent orders: refused, agent_not_allowed',
    'nobody: refused, unknown_tenant',
    ...Array(3).fill('hooli: "Hooli here." and then no answer: its key is rejected'),
    'hooli: refused, breaker_open',
    'acme: "Acme, good day." "You said: Hello?"',
  ]);
});
