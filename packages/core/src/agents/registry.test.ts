import { createRequire } from 'node:module';

import { voice } from '@livekit/agents';
import { describe, expect, it, vi } from 'vitest';

import type { AgentOptions } from './agent-options.js';
import { agentConfig } from './agent-config.js';
import { checkAgentDefaults } from './check-agent-options.js';
import { AgentRegistry } from './registry.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { ToneTTS } from '../testing/providers/tone-tts.js';

class Sales extends voice.Agent {
  constructor() {
    super({ instructions: 'sell' });
  }
}
class NeedsTopic extends voice.Agent {
  constructor(topic: string) {
    super({ instructions: topic });
  }
}

const failure = (code: string, message: string): Error =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

function add(agent: unknown, options?: unknown, name: unknown = 'sales'): () => unknown {
  return () =>
    new AgentRegistry().add(name as string, agent as typeof Sales, options as AgentOptions);
}

describe('AgentRegistry', () => {
  it('keeps agents in the order of registration', () => {
    const registry = new AgentRegistry();
    const zeta = registry.add(' zeta ', Sales);
    registry.add('alpha', () => new Sales(), { greeting: 'Hi.' });
    expect(registry.names()).toEqual(['zeta', 'alpha']);
    expect(registry.list().map((config) => config.name)).toEqual(['zeta', 'alpha']);
    expect(registry.get('zeta')).toBe(zeta);
    expect(zeta).toEqual({ name: 'zeta', revision: 0, agent: Sales });
    expect([registry.has('alpha'), registry.has('Alpha'), registry.has('__proto__')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('removes an agent, so that its name can be used again', () => {
    const registry = new AgentRegistry();
    const config = registry.add('sales', Sales);
    expect(registry.remove('sales')).toBe(config);
    expect(registry.list()).toEqual([]);
    registry.add('sales', Sales);
  });

  it('replaces an agent without changing the order, and keeps the one that calls were accepted for', () => {
    const registry = new AgentRegistry();
    const first = registry.add('sales', Sales, { greeting: 'Hi.' });
    registry.add('support', Sales);
    const changed = vi.fn();
    registry.watch(changed);
    const second = registry.replace(' sales ', () => new Sales());
    expect(changed).toHaveBeenCalledOnce();
    expect(second).toEqual({ name: 'sales', revision: 1, agent: expect.any(Function) });
    expect(registry.names()).toEqual(['sales', 'support']);
    expect(registry.get('sales')).toBe(second);
    expect([0, 1, 2].map((revision) => registry.at('sales', revision))).toEqual([
      first,
      second,
      undefined,
    ]);
    expect(() => registry.replace('billing', Sales)).toThrow(
      failure('CONFIG_UNKNOWN_AGENT', 'no agent named "billing"'),
    );
    expect(() => registry.replace('sales', 7 as never)).toThrow(
      failure('CONFIG_NOT_AN_AGENT', 'got a number'),
    );
    expect(registry.get('sales')).toBe(second);
  });

  it('continues the revisions after a removal: an accepted call may still need the earlier agent', () => {
    const registry = new AgentRegistry();
    const first = registry.add('sales', Sales);
    registry.remove('sales');
    expect(registry.at('sales', 0)).toBe(first);
    expect(registry.add('sales', Sales).revision).toBe(1);
    expect(registry.at('sales', 0)).toBe(first);
  });

  it('keeps a bounded number of replaced agents', () => {
    const registry = new AgentRegistry();
    registry.add('sales', Sales);
    for (let count = 0; count < 100; count++) registry.replace('sales', Sales);
    expect(registry.get('sales').revision).toBe(100);
    expect(registry.at('sales', 99)?.revision).toBe(99);
    expect(registry.at('sales', 0)).toBeUndefined();
  });

  it('gives accepted calls the code that has come in the place of theirs, and keeps no other', () => {
    const registry = new AgentRegistry();
    registry.add('sales', Sales, { greeting: 'Hi.' });
    for (let count = 0; count < 100; count++)
      registry.register([registry.prepare('sales', class extends Sales {})]);
    const newest = registry.get('sales');
    expect(newest).toMatchObject({ revision: 100, greeting: 'Hi.' });
    expect([0, 50, 99].map((revision) => registry.at('sales', revision))).toEqual([
      newest,
      newest,
      newest,
    ]);
    // Another agent, not other code of this one.
    const other = registry.replace('sales', Sales);
    expect([0, 100, 101].map((revision) => registry.at('sales', revision))).toEqual([
      newest,
      newest,
      other,
    ]);
  });

  it('lists the registered agents when asked for an unknown one', () => {
    const registry = new AgentRegistry();
    expect(() => registry.get('x')).toThrow(
      failure('CONFIG_UNKNOWN_AGENT', 'no agent named "x" (no agent is registered)'),
    );
    registry.add('sales', Sales);
    registry.add('support', Sales);
    const message = 'no agent named "salse" (registered: sales, support); did you mean "sales"?';
    expect(() => registry.get('salse')).toThrow(failure('CONFIG_UNKNOWN_AGENT', message));
    expect(() => registry.remove('salse')).toThrow(failure('CONFIG_UNKNOWN_AGENT', message));
  });

  it('uses the options of agentConfig() where none are given', () => {
    const Described = agentConfig(
      { name: 'ignored', greeting: 'Hello.', llm: 'openai/gpt-4.1-mini' },
      class extends Sales {},
    );
    const registry = new AgentRegistry();
    expect(registry.add('a', Described, { greeting: null, stt: 'deepgram/nova-3' })).toEqual({
      name: 'a',
      revision: 0,
      agent: Described,
      greeting: null,
      llm: 'openai/gpt-4.1-mini',
      stt: 'deepgram/nova-3',
    });
    const unset = { greeting: undefined } as unknown as AgentOptions;
    expect(registry.add('b', Described, unset).greeting).toBe('Hello.');
  });

  it('copies the given options and freezes its copy', () => {
    const options: AgentOptions = { greeting: 'Hi.' };
    const config = new AgentRegistry().add('sales', Sales, options, '/agents/sales.ts');
    options.greeting = 'changed';
    expect(config).toMatchObject({ greeting: 'Hi.', sourcePath: '/agents/sales.ts' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(options)).toBe(false);
  });

  it('registers all discovered agents or none', () => {
    const registry = new AgentRegistry();
    registry.add('b', Sales);
    const agents = ['a', 'b'].map((name) => ({
      name,
      agent: Sales,
      sourcePath: `/agents/${name}.ts`,
    }));
    expect(() => registry.addDiscovered(agents)).toThrow(failure('CONFIG_DUPLICATE_AGENT', '"b"'));
    expect(registry.names()).toEqual(['b']);
    registry.remove('b');
    expect(registry.addDiscovered(agents).map((config) => config.sourcePath)).toEqual([
      '/agents/a.ts',
      '/agents/b.ts',
    ]);
    const twins = [
      { name: 'c', agent: Sales, sourcePath: '/1' },
      { name: 'c', agent: Sales, sourcePath: '/2' },
    ];
    expect(() => registry.addDiscovered(twins)).toThrow(failure('CONFIG_DUPLICATE_AGENT', '"c"'));
  });
});

describe('a name', () => {
  it('can be registered only once', () => {
    const registry = new AgentRegistry();
    registry.add('sales', Sales);
    expect(() => registry.add(' sales', Sales)).toThrow(
      failure('CONFIG_DUPLICATE_AGENT', 'remove("sales")'),
    );
  });

  it.each(['', '  ', 'a b', 'a.b', 'ünï', 'a/b', 'x'.repeat(65), 5, null, undefined])(
    'cannot be %j',
    (name) => {
      expect(add(Sales, undefined, name ?? null)).toThrow(
        failure('CONFIG_INVALID_NAME', "an agent's name"),
      );
    },
  );
});

describe('an agent', () => {
  it('may be a class, a factory or an asynchronous factory', () => {
    expect(add(Sales)).not.toThrow();
    expect(add(() => new Sales())).not.toThrow();
    expect(add(async (call: { room: string }) => new NeedsTopic(call.room))).not.toThrow();
    expect(
      add(function build() {
        return new Sales();
      }),
    ).not.toThrow();
    expect(add(class extends Sales {})).not.toThrow();
  });

  it('cannot be an instance, which cannot serve many calls', () => {
    expect(add(new Sales())).toThrow(
      failure('CONFIG_NOT_AN_AGENT', 'one instance cannot serve many calls'),
    );
  });

  it('cannot be a class whose constructor needs arguments', () => {
    expect(add(NeedsTopic)).toThrow(
      failure('CONFIG_NOT_AN_AGENT', 'pass a factory: (call) => new NeedsTopic(…)'),
    );
  });

  it('cannot be voice.Agent itself', () => {
    expect(add(voice.Agent)).toThrow(failure('CONFIG_NOT_AN_AGENT', 'voice.Agent.create'));
  });

  it('cannot be a class that does not extend voice.Agent', () => {
    class Other {}
    expect(add(Other)).toThrow(
      failure('CONFIG_NOT_AN_AGENT', 'the class Other does not extend voice.Agent'),
    );
  });

  it.each([undefined, null, 'sales', 5, {}, []])('cannot be %j', (agent) => {
    expect(add(agent)).toThrow(
      failure('CONFIG_NOT_AN_AGENT', 'pass a class that extends voice.Agent, or a factory'),
    );
  });

  it('cannot come from the CommonJS build of the SDK', () => {
    const sdk = createRequire(import.meta.url)('@livekit/agents') as { voice: typeof voice };
    class Foreign extends sdk.voice.Agent {
      constructor() {
        super({ instructions: 'sell' });
      }
    }
    expect(Foreign.prototype).not.toBeInstanceOf(voice.Agent);
    expect(add(Foreign)).toThrow(
      failure('CONFIG_FOREIGN_SDK', 'agent "sales" comes from another copy of @livekit/agents'),
    );
    expect(add(new Foreign())).toThrow(failure('CONFIG_FOREIGN_SDK', 'npm ls @livekit/agents'));
    expect(add(sdk.voice.Agent)).toThrow(failure('CONFIG_FOREIGN_SDK', 'ESM and CommonJS'));
  });
});

describe('options', () => {
  it('may be given all together', () => {
    const options: AgentOptions = {
      stt: 'deepgram/nova-3',
      llm: null,
      tts: () => 'cartesia/sonic-3',
      greeting: { instructions: 'greet' },
      session: { vad: null, turnHandling: { turnDetection: null }, llm: 'openai/gpt-4.1-mini' },
      roomInput: { closeOnDisconnect: true },
      roomOutput: { transcriptionEnabled: false },
      record: false,
    };
    expect(add(Sales, options)).not.toThrow();
    expect(
      add(Sales, { session: { somethingNewInTheSdk: 1, turnDetection: undefined } }),
    ).not.toThrow();
  });

  class Provider {}
  it.each([
    [5, 'agent "sales": options must be an object, got a number'],
    [[], 'got an array'],
    [null, 'got null'],
    [{ gretting: 'Hi.' }, 'agent "sales": unknown option "gretting"; did you mean "greeting"?'],
    [{ voice: 'x' }, 'unknown option "voice"; known: stt, llm, tts, greeting'],
    [{ turnHandling: {} }, 'unknown option "turnHandling"; it goes in session: { turnHandling }'],
    [{ inputOptions: {} }, 'it is called roomInput'],
    [{ greeting: ' ' }, 'or null, got a blank string'],
    [{ greeting: 5 }, 'or null, got a number'],
    [{ greeting: { instructions: '' } }, 'greeting.instructions must be a string'],
    [
      { greeting: { instruction: 'x' } },
      'greeting: unknown option "instruction"; did you mean "instructions"?',
    ],
    [
      { llm: 5 },
      'llm must be an llm.LLM, llm.RealtimeModel or llm.DuplexModel, a model string, a factory, or null, got a number',
    ],
    [{ llm: {} }, 'got an object of no class'],
    [{ llm: new ToneTTS() }, 'llm must be an llm.LLM'],
    [{ llm: new ToneTTS() }, 'got ToneTTS (class TTS)'],
    [
      { tts: new EchoLLM() },
      'tts must be a tts.TTS, a model string, a factory, or null, got EchoLLM',
    ],
    [{ session: { vad: 'silero' } }, 'session.vad must be a VAD, or null, got a string'],
    [{ setup: {} }, 'setup must be a function, got an object'],
    [{ userData: {} }, 'userData must be a function, got an object'],
    [
      { session: { maxToolStep: 3 } },
      'agent "sales": session: unknown option "maxToolStep"; did you mean "maxToolSteps"?',
    ],
    [{ roomInput: { audioEnable: false } }, 'roomInput: unknown option "audioEnable"'],
    [{ roomOutput: { syncTranscript: false } }, 'did you mean "syncTranscription"?'],
    [{ session: { turnHandling: 'x' } }, 'session.turnHandling must be an object, got a string'],
    [{ session: { turnHandling: { interuption: {} } } }, 'did you mean "interruption"?'],
    [
      { session: { turnHandling: { interruption: { minWord: 2 } } } },
      'session.turnHandling.interruption: unknown option "minWord"; did you mean "minWords"?',
    ],
    [
      { session: { turnHandling: { endpointing: 5 } } },
      'session.turnHandling.endpointing must be an object, got a number',
    ],
    [{ stt: '' }, 'got a blank string'],
    [
      { tts: Provider },
      'tts is the class Provider; pass an instance, or a factory: () => new Provider(…)',
    ],
    [{ session: { llm: false } }, 'session.llm must be an llm.LLM'],
    [{ session: 'x' }, 'session must be an object, got a string'],
    [{ roomInput: true }, 'roomInput must be an object, got a boolean'],
    [{ roomOutput: 5 }, 'roomOutput must be an object'],
    [{ record: 'yes' }, 'record must be an object'],
    [{ session: { userData: {} } }, 'session.userData would be shared by all calls'],
    [
      { session: { turnDetection: 'vad' } },
      'session.turnDetection is deprecated by @livekit/agents; use session: { turnHandling: { turnDetection } }',
    ],
    [
      { session: { preemptiveGeneration: true } },
      'use session: { turnHandling: { preemptiveGeneration: { enabled } } }',
    ],
    [
      { session: { allowInterruptions: false } },
      'use session: { turnHandling: { interruption: { enabled } } }',
    ],
    [
      { session: { minEndpointingDelay: 500 } },
      'use session: { turnHandling: { endpointing: { minDelay } } }',
    ],
    [{ session: { voiceOptions: {} } }, 'session.voiceOptions is deprecated'],
  ])('rejects %j', (options, message) => {
    expect(add(Sales, options)).toThrow(failure('CONFIG_INVALID_OPTION', message));
  });

  it('for all agents are checked in the same way', () => {
    expect(checkAgentDefaults({ llm: 'openai/gpt-4.1-mini', greeting: null })).toEqual({
      llm: 'openai/gpt-4.1-mini',
      greeting: null,
    });
    expect(() => checkAgentDefaults({ lmm: 'x' })).toThrow(
      failure('CONFIG_INVALID_OPTION', 'defaults: unknown option "lmm"; did you mean "llm"?'),
    );
    expect(() => checkAgentDefaults({ session: { turnDetection: 'vad' } })).toThrow(
      'defaults: session.turnDetection',
    );
  });
});
