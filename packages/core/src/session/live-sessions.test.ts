import { voice } from '@livekit/agents';
import { expect, test } from 'vitest';

import type { PrewarmedCall } from '../call/call.js';
import { HookWatch } from '../watch/watch-hooks.js';
import { LiveSessions } from './live-sessions.js';
import type { NewCode } from './renew-call.js';

const code: NewCode = { generation: 1, successor: () => undefined, agent: () => undefined };

test('calls are changed one after the other, and others are served meanwhile; one that has ended is left out', async () => {
  const live = new LiveSessions();
  const order: string[] = [];
  const [, , endThird] = ['AJ_1', 'AJ_2', 'AJ_3'].map((jobId) =>
    live.add({
      info: { jobId, agent: 'waiter' } as PrewarmedCall,
      config: { name: 'waiter', revision: 0, agent: () => new voice.Agent({ instructions: '' }) },
      // It has not started.
      session: { generateReply() {} } as unknown as voice.AgentSession,
      hooks: new HookWatch(() => {}),
      generation: 0,
      onChange: () => void order.push(jobId),
      ofTenant: (config) => config,
      onWarning: (error) => {
        throw error;
      },
    }),
  );
  setImmediate(() => {
    order.push('audio of another call');
    endThird?.();
  });
  const events = await live.change(code);
  expect(order).toEqual(['AJ_1', 'audio of another call', 'AJ_2']);
  expect(events.map(({ jobId, result }) => [jobId, result])).toEqual([
    ['AJ_1', 'unchanged'],
    ['AJ_2', 'unchanged'],
  ]);
  expect(live.generation).toBe(1);
});
