import { expect, test } from 'vitest';

import { fixture } from '../cli-process.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';

const entry = fixture('pools/listens.mjs');
const dial = { joinTimeoutMs: 30_000 };

test.each([
  ['throw', 'in the worker', ['start', entry]],
  ['reject', 'in the worker', ['start', entry]],
  ['throw', 'in a call process', ['start', entry, '--isolation', 'process']],
  [
    'throw',
    'in a call process that calls share',
    ['start', entry, '--isolation', 'process', '--sessions-per-process', '2'],
  ],
])(
  'a program that exits for an uncaught error loses only the call it comes from: %s %s',
  async (accident, _where, args) => {
    await using workers = await TestWorkers.create();
    const { livekit } = workers;
    const worker = workers.start([...args, '--port', '0']);
    await worker.says(/listeners of its own for uncaught errors/);
    await livekit.until((now) => now.workers.length > 0, 30_000);
    const other = await livekit.call(dial);
    await other.say('hello');
    const call = await livekit.call(dial);
    await call.say('hello');
    const last = call.say(accident).catch((error: unknown) => error);
    expect(await call.ended).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('SESSION_UNCAUGHT'),
    });
    await last;
    expect(await other.say('still there?')).toBe('You said: still there?');
    worker.child.kill('SIGTERM');
    other.hangUp();
    expect(await other.ended).toEqual({ status: 'success', error: '' });
    const { code, stderr } = await worker.ended;
    expect({ code, shown: stderr.includes('of the program') }).toEqual({ code: 0, shown: false });
  },
);
