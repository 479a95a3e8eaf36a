import { voice } from '@livekit/agents';
import { expect, vi } from 'vitest';

import { Admission } from '../../admit/admission.js';
import { TenantBreaker } from '../../admit/tenant-breaker.js';
import { LogBook } from '../../base/log-book.js';
import type { BreakerChange } from '../../call/breaker-change.js';
import { CallHistory } from '../../call/call-worth.js';
import { failureOf, outcomeOf } from '../../call/session-outcome.js';
import { resolveOptions } from '../../options/resolve-options.js';
import { cloning } from '../../testing/cloning-isolation.js';
import type { EmbeddedCall } from '../../testing/embedded/embedded-call.js';
import { EchoLLM } from '../../testing/providers/echo-llm.js';
import { AgentPool } from '../agent-pool.js';
import { EchoAgent, type PoolHarness } from '../pool-harness.js';
import { answerTo, DeadLLM, type PythonRow, refused, SAME } from './python-row.fixture.js';

const minCalls = 3;
const bad = { metadata: { tenant: 'bad' } };

/** An agent whose key is dead for the tenant `bad`. */
class Shop extends voice.Agent {
  constructor(tenant: string) {
    super({ instructions: 'x', llm: tenant === 'bad' ? new DeadLLM() : new EchoLLM() });
  }
}

const agents = {
  shop: ({ tenant }: { tenant: string }) => new Shop(tenant),
  menu: () => new EchoAgent(),
};

/** Calls of the tenant `bad` whose turns have no answer. They go on. */
async function failTurns(rig: PoolHarness): Promise<readonly EmbeddedCall[]> {
  const calls: EmbeddedCall[] = [];
  for (let count = 0; count < minCalls; count += 1) {
    const call = await rig.livekit.call(bad);
    // It has no reply.
    call.say('hello').catch(() => {});
    calls.push(call);
  }
  await rig.log.until('breaker: tenant "bad", agent "shop": 3 of 3 calls were not answered');
  return calls;
}

/** The breaker alone, and a clock that a row moves. */
class BreakerAlone {
  readonly limits = resolveOptions({ breaker: { minCalls: 4 } }).breaker!;
  readonly #breaker = new TenantBreaker({
    limits: this.limits,
    admission: () => this.#admission,
    onChange: () => {},
    logger: new LogBook(),
  });
  readonly #admission: Admission = new Admission({
    maxConcurrentSessions: 100,
    gates: [this.#breaker.gate],
  });
  #jobs = 0;

  /** Offers a call. Undefined: it is refused. Otherwise a function that says how it went. */
  offer(): ((answered: boolean) => void) | undefined {
    const info = { jobId: `AJ_${(this.#jobs += 1)}`, agent: 'shop', tenant: 'acme', room: 'lobby' };
    const place = this.#admission.reserve(info);
    if ('refused' in place) return undefined;
    const call = { info, since: performance.now(), history: new CallHistory() };
    return (answered) => {
      place.release();
      if (answered)
        call.history.add({ kind: 'turn', jobId: info.jobId, turn: { state: 'answered' } });
      const failure = failureOf({ code: 'SESSION_AGENT_FAILED', message: 'broken' });
      this.#breaker.judge(call, answered ? outcomeOf('caller_left') : failure);
    };
  }

  /** Offers calls that are all taken. */
  taken(count: number): readonly ((answered: boolean) => void)[] {
    return Array.from({ length: count }, () => {
      const end = this.offer();
      if (end === undefined) throw new Error('a call was refused');
      return end;
    });
  }

  [Symbol.dispose](): void {
    this.#breaker[Symbol.dispose]();
  }
}

/** A proof about the breaker alone, on a clock of its own. */
function alone(prove: (breaker: BreakerAlone) => void): () => void {
  return () => {
    vi.useFakeTimers();
    const breaker = new BreakerAlone();
    try {
      prove(breaker);
    } finally {
      breaker[Symbol.dispose]();
      vi.useRealTimers();
    }
  };
}

/** When calls of a tenant are refused because others failed. */
export const breakerRows: readonly PythonRow[] = [
  {
    what: 'whether there is a breaker',
    python: 'if it is turned on',
    here: 'unless it is turned off',
    differs: 'one dead key is the problem of everybody until somebody has read about it',
    proof: () => {
      expect(resolveOptions({}).breaker).toBeDefined();
      expect(resolveOptions({ breaker: false }).breaker).toBeUndefined();
    },
  },
  {
    what: 'window, least number of calls, and cooldown',
    python: '60 s, 5 and 30 s',
    here: SAME,
    proof: () =>
      expect(resolveOptions({}).breaker).toMatchObject({
        windowMs: 60_000,
        minCalls: 5,
        cooldownMs: 30_000,
      }),
  },
  {
    what: 'what can be set of them',
    python: 'the cooldown, which is not checked: a negative one closes it at once',
    here: 'all of them, and each is checked',
    differs: 'workers have few calls or many',
    proof: () => {
      expect(resolveOptions({ breaker: { windowMs: 5, minCalls: 9 } }).breaker).toMatchObject({
        windowMs: 5,
        minCalls: 9,
      });
      expect(() => new AgentPool({ breaker: { cooldownMs: -1 } })).toThrow(
        'breaker.cooldownMs must be a whole number from 1',
      );
    },
  },
  {
    what: 'half of the calls failed',
    python: 'it opens, say the documents; the code wants more than half',
    here: 'it opens, and the share can be set',
    differs: 'from the code only: the documents are right',
    proof: alone((breaker) => {
      const [a, b, c, d] = breaker.taken(4);
      for (const end of [a, b]) end?.(true);
      for (const end of [c, d]) end?.(false);
      expect(breaker.offer()).toBeUndefined();
    }),
  },
  {
    what: 'an agent that throws in its constructor, for one tenant',
    python: 'counts, and calls of other tenants are taken',
    here: SAME,
    proof: async (rig) => {
      const broken = ({ tenant }: { tenant: string }) => {
        if (tenant === 'bad') throw new Error('no menu');
        return new EchoAgent();
      };
      const running = await rig.registered({ agents: { broken }, breaker: { minCalls } });
      for (let room = 0; room < minCalls; room += 1)
        await rig.ends.of(rig.livekit.dispatch({ room: `${room}`, ...bad }));
      await refused(rig, running, 'breaker_open', bad);
      await answerTo(rig, { tenant: 'good' });
    },
  },
  {
    what: 'a key that is rejected in each turn',
    fault: 'B11',
    python: 'counts nowhere: the call ends well when the caller hangs up',
    here: 'counts in the breaker, the snapshot and the outcome',
    differs: 'it is the failure that a breaker is for',
    proof: async (rig) => {
      const running = await rig.registered({ agents, breaker: { minCalls } });
      const [call] = await failTurns(rig);
      await refused(rig, running, 'breaker_open', bad);
      const [session] = running.pool.runtimeSnapshot().sessions;
      expect(session).toMatchObject({ turns: { unanswered: 1, answered: 0 } });
      call?.hangUp();
      const outcome = await rig.ends.of(call?.jobId ?? '');
      expect(outcome).toMatchObject({ status: 'success', turns: { unanswered: 1 } });
      expect(JSON.stringify(outcome.faults)).toContain('401');
    },
  },
  {
    what: 'a hook that throws inside a call',
    fault: 'B11',
    python: 'counts nowhere',
    here: 'a hook error of the call, of its agent and of the worker',
    differs: 'somebody has to mend it',
    proof: async (rig) => {
      class Broken extends EchoAgent {
        override async onEnter(): Promise<void> {
          throw new Error('broken');
        }
      }
      await rig.registered({ agents: { broken: () => new Broken() } });
      const call = await rig.livekit.call();
      expect(await call.say('hi')).toBe('You said: hi');
      call.hangUp();
      const { faults } = await rig.ends.of(call.jobId);
      expect(faults).toMatchObject({ hookErrors: 1 });
    },
  },
  {
    what: 'callers who hang up before anything was asked',
    python: 'no failure',
    here: SAME,
    proof: async (rig) => {
      await rig.registered({ agents, breaker: { minCalls } });
      for (let count = 0; count < minCalls + 1; count += 1) {
        const call = await rig.livekit.call(bad);
        call.hangUp();
        await rig.ends.of(call.jobId);
      }
    },
  },
  {
    what: 'the end of the cooldown',
    python: 'all calls are taken again',
    here: 'one is tried, and the others wait for its first answer',
    differs: 'a burst of calls would fail to find out that the key is still dead',
    proof: alone((breaker) => {
      for (const end of breaker.taken(4)) end(false);
      vi.advanceTimersByTime(breaker.limits.cooldownMs);
      const [tried] = breaker.taken(1);
      expect(breaker.offer()).toBeUndefined();
      tried?.(true);
      breaker.taken(5);
    }),
  },
  {
    what: 'calls that fail while it is open',
    fault: 'B17',
    python: 'stay in the window, so that it opens again with the first success after the cooldown',
    here: 'say nothing: only calls that began afterwards count',
    differs: 'a customer is well again, and would be refused once more',
    proof: alone((breaker) => {
      const before = breaker.taken(14);
      for (const end of before.slice(0, 4)) end(false);
      for (const end of before.slice(4, 8)) end(false);
      vi.advanceTimersByTime(breaker.limits.cooldownMs);
      for (const end of breaker.taken(1)) end(true);
      for (const end of before.slice(8)) end(false);
      for (const end of breaker.taken(1)) end(true);
      breaker.taken(1);
    }),
  },
  {
    what: 'a tenant with several agents',
    python: 'one breaker for all of them',
    here: 'one for each, and one for all when all do badly',
    differs: 'one dead voice must not close a customer who has two',
    proof: async (rig) => {
      const running = await rig.registered({ agents, breaker: { minCalls } });
      await failTurns(rig);
      await refused(rig, running, 'breaker_open', bad);
      expect(await answerTo(rig, { tenant: 'bad', agent: 'menu' })).toBe('You said: hi');
    },
  },
  {
    what: 'calls without a tenant',
    python: 'those of `default`, with a breaker of their own',
    here: 'never refused',
    differs: 'they are the own ones of the owner: nobody is protected from them',
    proof: async (rig) => {
      const broken = { broken: () => new Shop('bad') };
      const running = await rig.registered({ agents: broken, breaker: { minCalls } });
      for (let count = 0; count < minCalls + 1; count += 1)
        (await rig.livekit.call()).say('hi').catch(() => {});
      await expect
        .poll(() =>
          running.pool.runtimeSnapshot().sessions.every(({ turns }) => turns.unanswered > 0),
        )
        .toBe(true);
      await rig.livekit.call();
    },
  },
  {
    what: 'where calls run in processes of their own',
    python: 'an error: there is no breaker',
    here: 'the same breaker',
    differs: 'what a call was worth is known in the worker, wherever it runs',
    proof: async (rig) => {
      const running = await rig.registered({
        agents,
        isolation: cloning(),
        breaker: { minCalls },
      });
      await failTurns(rig);
      await refused(rig, running, 'breaker_open', bad);
    },
  },
  {
    what: 'who is told',
    python: 'the log',
    here: 'the log, observers, the snapshot and the metrics',
    differs: 'somebody has to call the customer',
    proof: async (rig) => {
      const told: BreakerChange[] = [];
      const onBreakerChange = (change: BreakerChange) => void told.push(change);
      const { pool } = await rig.registered({
        agents,
        breaker: { minCalls },
        observers: [rig.ends, { onBreakerChange }],
      });
      await failTurns(rig);
      const open = { tenant: 'bad', agent: 'shop', state: 'open', unanswered: 3, calls: 3 };
      await expect.poll(() => told).toEqual([open]);
      expect(pool.runtimeSnapshot().breakers).toEqual([open]);
    },
  },
  {
    what: 'where it stands among the reasons to refuse',
    python: 'first, before the caps',
    here: 'after the caps',
    differs: 'a call for which there is no place must not be the one that is tried',
    proof: async (rig) => {
      const running = await rig.registered({
        agents,
        breaker: { minCalls },
        maxSessionsPerTenant: { bad: minCalls },
      });
      await failTurns(rig);
      await refused(rig, running, 'tenant_full', bad);
      expect(running.pool.runtimeSnapshot().refused.breaker_open).toBeUndefined();
    },
  },
  {
    what: 'one job that fails again and again',
    python: 'nothing: it counts like any other',
    here: 'refused (`quarantined`), and other jobs of the tenant are taken',
    differs: 'an app that dispatches a broken job in a loop takes places from others',
    proof: async (rig) => {
      const orders = ({ metadata }: { metadata: Readonly<Record<string, unknown>> }) => {
        if (metadata['order'] === 17) throw new Error('no such order');
        return new EchoAgent();
      };
      const running = await rig.registered({ agents: { orders }, breaker: false });
      const job = { metadata: { tenant: 'acme', order: 17 } };
      for (let room = 0; room < 3; room += 1)
        await rig.ends.of(rig.livekit.dispatch({ room: `${room}`, ...job }));
      await refused(rig, running, 'quarantined', job);
      await answerTo(rig, { tenant: 'acme', order: 18 });
    },
  },
];
