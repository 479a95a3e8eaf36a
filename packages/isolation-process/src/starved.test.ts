import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import { expect, test } from 'vitest';

import { ProcessRig } from './process-rig.fixture.js';

const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
const onLinux = process.platform === 'linux' ? '' : ': only Linux tells who waits for a CPU';

/** Programs that use every CPU, but step aside for the other tests. */
function hogs(): readonly ChildProcess[] {
  return Array.from({ length: 2 * availableParallelism() }, () => {
    const hog = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    setPriority(hog.pid ?? 0, PRIORITY_BELOW_NORMAL);
    return hog;
  });
}

test.skipIf(onLinux !== '')(
  `a call whose process is given no CPU by the machine goes on, and the log says why it was silent${onLinux}`,
  async () => {
    await using rig = await ProcessRig.open({ idleProcesses: 0 });
    const call = await rig.call();
    setPriority(call.pid, PRIORITY_LOW);
    const busy = hogs();
    try {
      // A moment's work on a quiet machine. Here it is silent for longer than a stuck process may be.
      const answer = call.say('work 700');
      answer.catch(() => undefined);
      await rig.until(() => rig.log.some(({ message }) => message.includes('gives it no CPU')));
      for (const hog of busy) hog.kill('SIGKILL');
      expect(await answer).toBe('worked');
    } finally {
      for (const hog of busy) hog.kill('SIGKILL');
    }
    expect(await call.say('hello')).toBe('heard hello');
    expect(rig.pool.runtimeSnapshot()).toMatchObject({
      activeSessions: 1,
      totalSessionFailures: 0,
    });
  },
);
