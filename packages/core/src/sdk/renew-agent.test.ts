import { initializeLogger, llm, voice } from '@livekit/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { renewAgent } from './renew-agent.js';

initializeLogger({ pretty: false, level: 'silent' });

interface Seen {
  order: string[];
  arrow(): string;
  hi(): string;
}

/** The code of an agent in some version, as the evaluation of its file gives it. */
function code(version: string) {
  class Base extends voice.Agent {
    tag = version;
    baseHi(): string {
      return `base ${version}`;
    }
  }
  class Sub extends Base {
    who = 'sub';
    constructor() {
      super({ instructions: `sub ${version}` });
    }
  }
  class Restaurant extends Base {
    order: string[] = [];
    who = 'main';
    sub = new Sub();
    arrow = () => `arrow ${version} ${this.order.join('+')}`;
    constructor() {
      super({
        instructions: `restaurant ${version}`,
        tools: [
          llm.tool({
            name: 'add',
            description: version,
            parameters: z.object({ dish: z.string() }),
            execute: async ({ dish }) => {
              this.order.push(dish);
              return this.arrow();
            },
          }),
        ],
      });
    }
    hi(): string {
      return `hi ${version}`;
    }
    override async onUserTurnCompleted(): Promise<void> {
      this.order.push(version);
    }
  }
  return { Base, Sub, Restaurant };
}

const call = (tools: readonly unknown[], dish: string) =>
  (tools[0] as { execute: (args: object, options: object) => Promise<string> }).execute(
    { dish },
    {},
  );

describe('an agent with the code of another class', () => {
  test('has its methods, hooks, tools, new fields and functions in fields, and keeps its fields', async () => {
    const [one, two] = [code('one'), code('two')];
    class Later extends two.Restaurant {
      added = 'new';
    }
    const live = new one.Restaurant();
    live.order.push('soup');
    live.tag = 'kept';
    const { sub, id } = live;
    const { options } = renewAgent(live, Later, () => new Later());
    const seen = live as unknown as Seen & {
      added: string;
      sub: unknown;
      tag: string;
      who: string;
    };
    expect([seen.hi(), seen.arrow(), live.baseHi()]).toEqual([
      'hi two',
      'arrow two soup',
      'base two',
    ]);
    expect([seen.added, seen.tag, seen.who, live.id]).toEqual(['new', 'kept', 'main', id]);
    expect(seen.sub).toBe(sub);
    expect(options?.instructions).toBe('restaurant two');
    expect(await call(options?.tools ?? [], 'cake')).toBe('arrow two soup+cake');
    await live.onUserTurnCompleted();
    expect(seen.order).toEqual(['soup', 'cake', 'two']);
    // What the session has is changed by the session.
    expect(live.instructions).toBe('restaurant one');
    expect(live).toBeInstanceOf(Later);
  });

  test('gets its old code back, and keeps what it has stored meanwhile', () => {
    const [one, two] = [code('one'), code('two')];
    class Later extends two.Restaurant {
      extra = () => 'extra';
    }
    const live = new one.Restaurant();
    const { undo } = renewAgent(live, Later, () => new Later());
    live.order.push('tea');
    undo();
    expect([live.hi(), live.arrow(), live.baseHi()]).toEqual([
      'hi one',
      'arrow one tea',
      'base one',
    ]);
    expect('extra' in live).toBe(false);
    expect(live).not.toBeInstanceOf(Later);
  });

  test('is as it was when the constructor throws', () => {
    const { Restaurant } = code('one');
    class Broken extends code('two').Restaurant {
      added = 1;
      constructor() {
        super();
        throw new Error('no constructor');
      }
    }
    const live = new Restaurant();
    live.tag = 'kept';
    const before = Object.getOwnPropertyDescriptors(live);
    expect(() => renewAgent(live, Broken, () => new Broken())).toThrow('no constructor');
    expect(Object.getOwnPropertyDescriptors(live)).toEqual(before);
    expect(Object.getPrototypeOf(live)).toBe(Restaurant.prototype);
    // The class is as it was, too.
    expect(new (code('three').Restaurant)().tag).toBe('three');
  });

  test.each([
    [
      'a factory that is asynchronous',
      async (Next: new () => voice.Agent) => {
        await Promise.resolve();
        return new Next();
      },
    ],
    ['a factory of another class', () => new (code('other').Sub)()],
    ['a factory that constructs nothing', () => undefined],
  ])('is as it was after %s', (_what, factory) => {
    const { Restaurant } = code('one');
    const live = new Restaurant();
    const { Restaurant: Next } = code('two');
    expect(() => renewAgent(live, Next, () => factory(Next))).toThrow(
      'was not constructed at once',
    );
    expect(live.hi()).toBe('hi one');
    expect(Object.getPrototypeOf(live)).toBe(Restaurant.prototype);
  });

  test('has private members of each version, also after the old code is back', () => {
    const version = (text: string) =>
      class Private extends voice.Agent {
        #count = 0;
        constructor() {
          super({ instructions: text });
        }
        next(): string {
          this.#count += 1;
          return `${text} ${this.#count}`;
        }
      };
    const [One, Two] = [version('one'), version('two')];
    const live = new One();
    expect(live.next()).toBe('one 1');
    const { undo } = renewAgent(live, Two, () => new Two());
    // Nobody can read the old ones, so that they begin again.
    expect(live.next()).toBe('two 1');
    undo();
    expect(live.next()).toBe('one 2');
  });

  test('keeps the private members of a class that has not changed, below one that has', () => {
    class Counting extends voice.Agent {
      #count = 0;
      calls = 0;
      count(): number {
        this.calls += 1;
        return (this.#count += 1);
      }
    }
    const version = (text: string) =>
      class Clerk extends Counting {
        readonly #text = text;
        constructor() {
          super({ instructions: text });
        }
        next(): string {
          return `${this.#text} ${this.count()} ${this.calls}`;
        }
      };
    const live = new (version('one'))();
    expect(live.next()).toBe('one 1 1');
    for (const [text, said] of [
      ['two', 'two 2 2'],
      ['three', 'three 3 3'],
    ] as const) {
      const Next = version(text);
      const { options } = renewAgent(live, Next, () => new Next());
      expect([live.next(), options?.instructions]).toEqual([said, text]);
    }
  });

  test('has only the methods when the arguments of its constructor are not known', () => {
    const version = (text: string) =>
      class Waiter extends voice.Agent {
        constructor(readonly table: number) {
          super({ instructions: text });
        }
        hi(): string {
          return `${text} at ${this.table}`;
        }
      };
    const [One, Two] = [version('one'), version('two')];
    const live = new One(7);
    const { options, undo } = renewAgent(live, Two as never, undefined);
    expect([live.hi(), options]).toEqual(['two at 7', undefined]);
    undo();
    expect(live.hi()).toBe('one at 7');
  });

  test('a task is renewed as an agent is', () => {
    const version = (text: string) =>
      class Ask extends voice.AgentTask<string> {
        constructor() {
          super({ instructions: text });
        }
        hi(): string {
          return text;
        }
      };
    const [One, Two] = [version('one'), version('two')];
    const live = new One();
    const { options } = renewAgent(live, Two, () => new Two());
    expect([live.hi(), options?.instructions, live.done]).toEqual(['two', 'two', false]);
  });

  test('a frozen agent stays as it is', () => {
    const live = new (code('one').Restaurant)();
    Object.freeze(live);
    const { Restaurant: Next } = code('two');
    expect(() => renewAgent(live, Next, () => new Next())).toThrow(TypeError);
    expect(live.hi()).toBe('hi one');
    expect(new Next().hi()).toBe('hi two');
  });
});
