import { compileFunction } from 'node:vm';

import { voice } from '@livekit/agents';
import ts from 'typescript-api';
import { describe, expect, it } from 'vitest';

import { agentConfig, readAgentConfig } from './agent-config.js';

class Plain extends voice.Agent {
  constructor() {
    super({ instructions: 'help' });
  }
}

describe('agentConfig', () => {
  // The test compiles them with TypeScript: Node does not run decorators, and vitest does not compile them.
  it.each([
    ['a standard', false],
    ['a legacy', true],
  ])('describes a class as %s decorator', (_kind, experimentalDecorators) => {
    const source = `
      @agentConfig({ name: ' sales ', greeting: 'Hello.', llm: undefined })
      class Sales extends Plain {}
      return Sales;`;
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, experimentalDecorators },
    });
    const evaluate = compileFunction(outputText, ['agentConfig', 'Plain']) as (
      ...args: unknown[]
    ) => typeof Plain;
    const Sales = evaluate(agentConfig, Plain);
    expect(readAgentConfig(Sales)).toEqual({ name: 'sales', greeting: 'Hello.' });
    expect(new Sales()).toBeInstanceOf(voice.Agent);
  });

  it('describes a class as a function and returns the same class', () => {
    class One extends Plain {}
    class Two extends Plain {
      constructor(readonly topic: string) {
        super();
      }
    }
    expect(agentConfig({ name: 'one' }, One)).toBe(One);
    expect(agentConfig({ name: 'two' })(Two)).toBe(Two);
    expect(readAgentConfig(One)).toEqual({ name: 'one' });
    expect(new Two('x').topic).toBe('x');
  });

  it('is not inherited', () => {
    const Parent = agentConfig({ name: 'parent' }, class extends Plain {});
    class Child extends Parent {}
    expect(readAgentConfig(Child)).toBeUndefined();
    expect(readAgentConfig(agentConfig({ name: 'child' }, Child))?.name).toBe('child');
    expect(readAgentConfig(Parent)?.name).toBe('parent');
  });

  it('is not an enumerable member of the class, and cannot be changed', () => {
    const Sales = agentConfig({ name: 'sales' }, class extends Plain {});
    expect(Object.keys(Sales)).toEqual([]);
    expect(Object.isFrozen(readAgentConfig(Sales))).toBe(true);
  });

  it.each([
    [
      { nmae: 'x' },
      'CONFIG_INVALID_OPTION',
      'agentConfig: unknown option "nmae"; did you mean "name"?',
    ],
    [{ session: 5 }, 'CONFIG_INVALID_OPTION', 'session must be an object'],
    [{ voice: 'x' }, 'CONFIG_INVALID_OPTION', 'unknown option "voice"'],
    [
      { name: ' ' },
      'CONFIG_INVALID_OPTION',
      'name must be a string that is not blank, got a blank string',
    ],
    [{ name: 5 }, 'CONFIG_INVALID_OPTION', 'got a number'],
    [{ name: 'my agent' }, 'CONFIG_INVALID_NAME', '"my agent" cannot be'],
    [{ greeting: '' }, 'CONFIG_INVALID_OPTION', 'greeting must be'],
    [null, 'CONFIG_INVALID_OPTION', 'must be an object, got null'],
    [Plain, 'CONFIG_INVALID_OPTION', 'call it with the config first'],
  ])('rejects %o', (config, code, message) => {
    expect(() => agentConfig(config as object)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('describes only classes', () => {
    const describeAnything = agentConfig({ name: 'x' }) as (target: unknown) => unknown;
    expect(() => describeAnything(new Plain())).toThrow('it must describe a class, got an object');
  });
});
