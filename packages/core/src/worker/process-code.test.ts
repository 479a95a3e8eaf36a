import { llm, voice } from '@livekit/agents';
import { expect, test } from 'vitest';
import { z } from 'zod';

import type { AgentClass } from '../agents/agent-options.js';
import { constructOnce } from './process-code.js';

const toolOf = (parameters: z.ZodObject): llm.FunctionTool =>
  llm.tool({ name: 'book', description: '', parameters, execute: async () => 'booked' });

function withTools(...parameters: readonly z.ZodObject[]): AgentClass {
  return class Shop extends voice.Agent {
    constructor() {
      super({ instructions: '', tools: parameters.map(toolOf) });
    }
  };
}

class Broken extends voice.Agent {
  constructor() {
    super({ instructions: '' });
    throw new Error('no oven');
  }
}

const check = (agent: AgentClass) => () =>
  constructOnce({ name: 'shop', revision: 0, agent, sourcePath: '/agents/shop.ts' });

test.each<[string, AgentClass, RegExp]>([
  [
    'a constructor that throws',
    Broken,
    /^\/agents\/shop\.ts: the constructor of Broken failed: no oven/,
  ],
  ['two tools of one name', withTools(z.object({}), z.object({})), /duplicate function name: book/],
  [
    'parameters that no model can be told',
    withTools(z.object({ when: z.date() })),
    /^\/agents\/shop\.ts: the parameters of tool "book" cannot be told to a model: Date/,
  ],
])('new code is refused for %s', (_what, agent, message) => {
  expect(check(agent)).toThrow(message);
  expect(check(agent)).toThrow(expect.objectContaining({ code: 'CONFIG_DISCOVERY' }));
});

test('an agent that can be constructed is accepted, and a factory is not called', () => {
  check(withTools(z.object({ when: z.string() })))();
  constructOnce({ name: 'shop', revision: 0, agent: () => Promise.reject(new Error('called')) });
});
