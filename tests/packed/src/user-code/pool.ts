// A user's pool, with every type that follows from its options. It is compiled, and not run.
import { voice } from '@livekit/agents';
import {
  AgentPool,
  type AgentPoolOptions,
  type RuntimeSnapshot,
  type SessionInfo,
  type SessionObserver,
  agentConfig,
  currentCall,
  definePoolOptions,
  isOpenRtcError,
} from '@openrtc/core';
import {
  MembershipVerifier,
  signMembership,
  signMetadata,
  verifyMetadata,
} from '@openrtc/core/signing';
import { EchoLLM, ToneTTS } from '@openrtc/core/testing';
import { coroutine } from '@openrtc/isolation-coroutine';
import { processes } from '@openrtc/isolation-process';
import { models } from '@openrtc/prewarm';

/** Fails to compile unless the two types are the same. */
type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : never;
const same = <One, Other>(_same: Same<One, Other>): void => {};

interface Order {
  readonly orderId: number;
  readonly language: string;
}

interface Cart {
  readonly items: string[];
}

class Waiter extends voice.Agent {
  readonly menu: readonly string[];

  constructor(menu: readonly string[] = []) {
    super({ instructions: 'You take orders.' });
    this.menu = menu;
  }
}

// Prewarmed values are typed in agent factories, provider factories, and setup().
const pool = new AgentPool({
  isolation: coroutine(),
  models: models(),
  prewarm: { menu: async () => ['soup'], voices: () => new Map<string, string>() },
  defaults: {
    llm: (call) => {
      same<typeof call.prewarmed.menu, string[]>(true);
      same<typeof call.prewarmed.voices, Map<string, string>>(true);
      return new EchoLLM({ reply: (text) => `${call.prewarmed.menu.join()}: ${text}` });
    },
    tts: () => new ToneTTS(),
  },
  setup: (_ctx, session, call): Cart => {
    same<typeof session, voice.AgentSession<Cart>>(true);
    return { items: [...call.prewarmed.menu] };
  },
  health: { port: 8081 },
  dispatch: 'per_agent',
});
pool.add('waiter', ({ prewarmed }) => new Waiter(prewarmed.menu), {
  llm: ({ prewarmed }) => new EchoLLM({ reply: () => prewarmed.menu.join() }),
});
pool.add('plain', Waiter, { greeting: null, session: { maxToolSteps: 3 } });
same<number, ReturnType<typeof pool.replace>['revision']>(true);

// The user data of one agent, in its own setup(), named by the session or inferred from what creates it.
pool.add('clerk', Waiter, {
  setup: (_ctx, session: voice.AgentSession<Cart>) => {
    session.userData.items.push('soup');
  },
});
pool.add('cashier', Waiter, {
  userData: (): Cart => ({ items: [] }),
  setup: async (_ctx, session) => {
    same<typeof session, voice.AgentSession<Cart>>(true);
  },
});
pool.replace('clerk', Waiter, {
  setup: (_ctx, session: voice.AgentSession<Cart>) => session.userData,
});

pool.add('wrong', Waiter, {
  // @ts-expect-error the session of setup() has other user data
  userData: () => 5,
  setup: (_ctx, session: voice.AgentSession<Cart>) => session.userData,
});

// @ts-expect-error nothing of this name is loaded
pool.add('wrong', ({ prewarmed }) => new Waiter(prewarmed.drinks));

// @ts-expect-error an instance cannot serve many calls
pool.add('wrong', new Waiter());

// Metadata has the shape its owner names.
const typed = new AgentPool<{ menu: string[] }, Order, Cart>({
  isolation: processes({ memoryLimitMb: 512, groupBy: 'tenant' }),
  prewarm: { menu: () => ['soup'] },
  agents: {
    waiter: ({ metadata, prewarmed }) => {
      same<typeof metadata.orderId, number>(true);
      return new Waiter(prewarmed.menu);
    },
  },
  setup: (_ctx, _session, { metadata }) => ({ items: [metadata.language] }),
});
typed.add('speaker', ({ metadata }) => new Waiter([metadata.language]));

// Options kept in a variable keep their types.
const options = definePoolOptions({
  prewarm: { rates: () => new Map([['EUR', 1]]) },
  defaults: { llm: ({ prewarmed }) => new EchoLLM({ reply: () => `${prewarmed.rates.size}` }) },
});
const kept = new AgentPool(options);
kept.add('teller', ({ prewarmed }) => new Waiter([...prewarmed.rates.keys()]));

// An annotation takes them away, and still works.
const annotated: AgentPoolOptions = { maxConcurrentSessions: 10, drainTimeoutMs: 60_000 };
export const loose = new AgentPool(annotated);

// What is not given may be undefined only where it says so.
// @ts-expect-error exactOptionalPropertyTypes
new AgentPool({ agentName: undefined });

const observer: SessionObserver = {
  onSessionStart: (info: SessionInfo) => console.log(info.room, info.participant?.identity),
  onSessionEnd: (info, outcome) => {
    switch (outcome.reason) {
      case 'failed':
        console.error(info.jobId, outcome.error?.code, outcome.faults.hookErrors);
        break;
      case 'caller_left':
      case 'agent_shutdown':
      case 'room_closed':
      case 'terminated':
      case 'empty_room':
      case 'max_duration':
      case 'drain_timeout':
      case 'pool_closed':
        break;
      default:
        outcome.reason satisfies never;
    }
  },
  onProviderError: (info, { kind, label, code, recoverable, message }) => {
    console.warn(info.jobId, kind, label, code, recoverable, message);
  },
  onTurn: (info, turn) => {
    if (turn.state === 'unanswered') console.warn(info.jobId, turn.reason);
    else console.log(info.jobId, turn.state, turn.endOfTurnMs, turn.responseMs);
  },
  onMemoryWarning: (_info, { usedBytes, warnBytes }) => console.warn(usedBytes - warnBytes),
};
pool.configure({
  observers: [observer],
  defaults: { llm: (call) => new EchoLLM({ reply: () => call.prewarmed.menu.join() }) },
});
typed.configure({
  defaults: { llm: ({ metadata }) => new EchoLLM({ reply: () => metadata.language }) },
});
// @ts-expect-error nothing of this name is loaded
pool.configure({ defaults: { llm: ({ prewarmed }) => prewarmed.drinks } });

export const Named = agentConfig(
  {
    name: 'named',
    llm: ({ tenant }) => new EchoLLM({ reply: () => tenant }),
    setup: (_ctx, session: voice.AgentSession<Cart>) => void session.userData.items,
  },
  class extends Waiter {},
);

export async function main(signal: AbortSignal): Promise<RuntimeSnapshot> {
  try {
    await pool.run({ signal, metrics: { jsonFile: 'metrics.json' } });
  } catch (error) {
    if (isOpenRtcError(error) && error.code === 'POOL_UNHEALTHY') return pool.inspect();
    throw error;
  }
  for (const event of pool.takeMetricsEvents()) console.log(event.event);
  return pool.runtimeSnapshot();
}

// Many customers: limits, signed metadata, and the call that code runs for.
export const limited = new AgentPool({
  maxSessionsPerAgent: 10,
  maxSessionsPerTenant: { acme: 3 },
  metadataSecret: ['the next secret, which has 32 bytes', 'the present secret, also 32 bytes'],
});
const signed = signMetadata({ tenant: 'acme' }, { secret: 'x'.repeat(32), room: 'lobby' });
const verified = verifyMetadata(signed, { secrets: 'x'.repeat(32) });
export const tenant: unknown = 'values' in verified ? verified.values['tenant'] : verified.problem;
const claim = { version: 'v42', workerId: 'pod-7', timestamp: Date.now() / 1_000 };
const token = signMembership({ ...claim, secret: 'x'.repeat(32) });
export const isCurrent: boolean = new MembershipVerifier({
  secrets: ['x'.repeat(32)],
  expectedVersion: 'v42',
}).isValid({ ...claim, token });
export const fields: Readonly<Record<string, string>> | undefined = currentCall()?.logFields;
