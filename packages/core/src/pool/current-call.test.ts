import { voice } from '@livekit/agents';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { type CallContext, currentCall } from '../index.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { PoolHarness } from './pool-harness.js';

let rig: PoolHarness;

beforeEach(async () => {
  rig = await PoolHarness.start();
});

afterEach(() => rig.close());

type Seen = Record<string, (CallContext | undefined)[]>;

function note(seen: Seen, where: string): void {
  (seen[where] ??= []).push(currentCall());
}

/** Notes the current call wherever its code runs. */
function noting(seen: Seen) {
  const reply = (text: string): string => {
    note(seen, 'model');
    return `You said: ${text}`;
  };
  return class extends voice.Agent {
    constructor() {
      note(seen, 'its making');
      super({ instructions: '', llm: new EchoLLM({ reply }) });
    }

    override async onEnter(): Promise<void> {
      note(seen, 'onEnter');
      this.session.on(voice.AgentSessionEventTypes.ConversationItemAdded, () =>
        note(seen, 'event'),
      );
      setTimeout(() => note(seen, 'timer'), 1);
      await sleep(1);
      note(seen, 'after a wait');
    }

    override async onExit(): Promise<void> {
      note(seen, 'onExit');
      setTimeout(() => note(seen, 'after the call'), 50);
    }
  };
}

test('code of a call finds its own call, wherever it runs, also beside other calls and after the end', async () => {
  const seen: Record<string, Seen> = {};
  const agent = () => {
    const { tenant } = currentCall() ?? {};
    if (tenant === undefined) throw new Error('a factory runs as part of its call');
    return new (noting((seen[tenant] ??= {})))();
  };
  await rig.registered({
    agents: { clerk: agent },
    setup: () => {
      note((seen[currentCall()?.tenant ?? 'none'] ??= {}), 'setup');
    },
  });
  const tenants = ['acme', 'globex', 'initech'];
  const calls = await Promise.all(
    tenants.map((tenant) =>
      rig.livekit.call({ room: `room of ${tenant}\n`, metadata: JSON.stringify({ tenant }) }),
    ),
  );
  for (const call of calls) expect(await call.say('hello')).toBe('You said: hello');
  for (const call of calls) call.hangUp();
  for (const call of calls) await call.ended;
  await vi.waitFor(() => {
    for (const tenant of tenants) expect(seen[tenant]?.['after the call']).toHaveLength(1);
  });
  for (const [at, tenant] of tenants.entries()) {
    const jobId = calls[at]?.jobId;
    const own = {
      jobId,
      agent: 'clerk',
      tenant,
      room: `room of ${tenant}\n`,
      logFields: { jobId, agent: 'clerk', tenant, room: `room of ${tenant}` },
    };
    expect(Object.keys(seen[tenant] ?? {}).toSorted()).toEqual([
      'after a wait',
      'after the call',
      'event',
      'its making',
      'model',
      'onEnter',
      'onExit',
      'setup',
      'timer',
    ]);
    for (const contexts of Object.values(seen[tenant] ?? {}))
      for (const context of contexts) expect(context).toEqual(own);
  }
});

test('outside of calls there is none, also while calls are live', async () => {
  await rig.registered();
  expect(currentCall()).toBeUndefined();
  const call = await rig.livekit.call();
  expect(currentCall()).toBeUndefined();
  await call.say('hello');
  expect(currentCall()).toBeUndefined();
  call.hangUp();
});

test('a second copy of the package finds the same call', async () => {
  vi.resetModules();
  const copy: { currentCall: typeof currentCall } = await import('../index.js');
  expect(copy.currentCall).not.toBe(currentCall);
  let found: CallContext | undefined;
  const setup = () => {
    found = copy.currentCall();
  };
  await rig.registered({ setup });
  const call = await rig.livekit.call();
  await call.say('hello');
  expect(found).toMatchObject({ jobId: call.jobId, agent: 'echo' });
  call.hangUp();
});
