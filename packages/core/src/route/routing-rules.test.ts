import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fakeAgents, fakeOffer } from './fake-offer.fixture.js';
import { route } from './route.js';
import { routeOffer } from './routing-rules.js';

const agents = fakeAgents('support', 'sales', 'sales-eu');

describe('routeOffer chooses the agent', () => {
  it('named in the job metadata before all others', () => {
    const offer = fakeOffer({
      room: 'support-1',
      job: { agent: 'sales' },
      roomMetadata: { agent: 'sales-eu' },
    });
    expect(routeOffer(offer, agents)).toMatchObject({ agent: 'sales', by: 'job_metadata' });
  });

  it('named by the dispatch before all metadata, with byAgentName', () => {
    const offer = fakeOffer({ agentName: 'support', room: 'sales-1', job: { agent: 'sales' } });
    expect(routeOffer(offer, agents, { byAgentName: true })).toMatchObject({
      agent: 'support',
      by: 'agent_name',
    });
    expect(routeOffer(offer, agents)).toMatchObject({ agent: 'sales' });
    const unknown = fakeOffer({ agentName: 'billing', job: { agent: 'sales' } });
    expect(routeOffer(unknown, agents, { byAgentName: true })).toMatchObject({
      refused: 'unknown_agent',
      message: expect.stringContaining('the dispatch is for agent "billing"'),
    });
    const automatic = fakeOffer({ job: { agent: 'sales' } });
    expect(routeOffer(automatic, agents, { byAgentName: true })).toMatchObject({ agent: 'sales' });
  });

  it('named by `agent` before `demo`', () => {
    expect(
      routeOffer(fakeOffer({ job: { demo: 'support', agent: 'sales' } }), agents),
    ).toMatchObject({ agent: 'sales' });
    expect(routeOffer(fakeOffer({ job: { demo: 'sales' } }), agents)).toMatchObject({
      agent: 'sales',
      by: 'job_metadata',
    });
  });

  it('named in the room metadata when the job names none', () => {
    const offer = fakeOffer({
      room: 'sales-1',
      job: { tenant: 'acme' },
      roomMetadata: { demo: 'sales-eu' },
    });
    expect(routeOffer(offer, agents)).toMatchObject({ agent: 'sales-eu', by: 'room_metadata' });
  });

  it('whose name is the longest prefix of the room name, whatever was registered first', () => {
    expect(routeOffer(fakeOffer({ room: 'sales-eu-7' }), agents)).toMatchObject({
      agent: 'sales-eu',
      by: 'room_prefix',
    });
    expect(routeOffer(fakeOffer({ room: 'sales-eu' }), agents)).toMatchObject({
      agent: 'sales',
      by: 'room_prefix',
    });
    expect(routeOffer(fakeOffer({ room: 'sales-' }), agents)).toMatchObject({
      agent: 'sales',
      by: 'room_prefix',
    });
  });

  it.each(['sales', 'sales_1', 'Sales-1', 'presales-1', ''])(
    'registered first for a room named %j',
    (room) => {
      expect(routeOffer(fakeOffer({ room }), agents)).toMatchObject({
        agent: 'support',
        by: 'first_registered',
      });
    },
  );

  it('registered first when room names do not choose agents', () => {
    expect(routeOffer(fakeOffer({ room: 'sales-1' }), agents, { roomPrefix: false })).toMatchObject(
      { by: 'first_registered' },
    );
  });

  it.each([null, '', '  '])('and ignores %j, which names nobody', (value) => {
    expect(routeOffer(fakeOffer({ job: { agent: value, demo: 'sales' } }), agents)).toMatchObject({
      agent: 'sales',
    });
    expect(routeOffer(fakeOffer({ job: { agent: value } }), agents)).toMatchObject({
      by: 'first_registered',
    });
  });

  it('by its trimmed name', () => {
    expect(routeOffer(fakeOffer({ job: { agent: ' sales\n' } }), agents)).toMatchObject({
      agent: 'sales',
    });
  });

  it('as if there were no metadata when it is invalid, and reports that', () => {
    const routed = routeOffer(fakeOffer({ job: 'hello', roomMetadata: '[]' }), agents);
    expect(routed).toMatchObject({
      agent: 'support',
      problems: ['job metadata is not valid JSON', 'room metadata is JSON but not an object'],
    });
  });

  it('with the longest matching prefix of all registered names', () => {
    const name = fc.stringMatching(/^[ab-]{1,4}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
        fc.stringMatching(/^[ab-]{0,8}$/),
        (names, room) => {
          const matching = names.filter((candidate) => room.startsWith(`${candidate}-`));
          const routed = routeOffer(fakeOffer({ room }), fakeAgents(...names));
          if (matching.length === 0) {
            expect(routed).toMatchObject({ agent: names[0], by: 'first_registered' });
          } else {
            const longest = matching.reduce((a, b) => (b.length > a.length ? b : a));
            expect(routed).toMatchObject({ agent: longest, by: 'room_prefix' });
          }
        },
      ),
    );
  });
});

describe('routeOffer refuses', () => {
  it('an agent that is not registered, and says where it was named and which agents exist', () => {
    const offer = fakeOffer({
      room: 'sales-1',
      job: { agent: 'salse', demo: 'sales' },
      roomMetadata: { agent: 'sales' },
    });
    expect(routeOffer(offer, agents)).toMatchObject({
      refused: 'unknown_agent',
      message:
        'room "sales-1": the job metadata names agent "salse", which is not registered (registered: support, sales, sales-eu)',
    });
    expect(routeOffer(fakeOffer({ roomMetadata: { demo: 'x' } }), agents)).toMatchObject({
      refused: 'unknown_agent',
      message: expect.stringContaining('the room metadata names agent "x"') as string,
    });
  });

  it.each(['Sales', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'the unknown name %s',
    (name) => {
      expect(routeOffer(fakeOffer({ job: { agent: name } }), agents)).toMatchObject({
        refused: 'unknown_agent',
      });
    },
  );

  it.each([5, true, ['sales'], { name: 'sales' }])(
    'an agent that is not a string, such as %j, and does not take the next one',
    (value) => {
      for (const names of [{ agent: value, demo: 'sales' }, { demo: value }])
        expect(routeOffer(fakeOffer({ room: 'lobby', roomMetadata: names }), agents)).toMatchObject(
          {
            refused: 'unknown_agent',
            message: 'room "lobby": the agent in the room metadata is not a string',
          },
        );
    },
  );

  it('every call when nothing is registered', () => {
    expect(routeOffer(fakeOffer(), fakeAgents())).toMatchObject({
      refused: 'unknown_agent',
      message: 'no agent is registered',
    });
  });

  it('with one line, also for hostile names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (room, agent) => {
        const refusal = routeOffer(
          fakeOffer({ room: `${room}\n\u001b[2J`, job: { agent: `?${agent}\u202e` } }),
          agents,
        );
        expect(refusal).toMatchObject({ refused: 'unknown_agent' });
        const { message } = refusal as { message: string };
        expect(message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
        expect(message.length).toBeLessThan(400);
      }),
    );
  });

  it('with at most twenty of many registered names', () => {
    const many = fakeAgents(...Array.from({ length: 200 }, (_, i) => `agent-${i}`));
    const refusal = routeOffer(fakeOffer({ job: { agent: 'x' } }), many);
    expect(refusal).toMatchObject({
      message: expect.stringContaining('agent-19 and 180 more)') as string,
    });
  });
});

describe('the tenant', () => {
  const tenantOf = (job: unknown, roomMetadata?: unknown): unknown => {
    const routed = routeOffer(fakeOffer({ job, roomMetadata }), agents);
    return 'refused' in routed ? routed.refused : routed.tenant;
  };

  it('is read from the job metadata, then from the room metadata, trimmed', () => {
    expect(tenantOf({ tenant: ' acme ' }, { tenant: 'other' })).toBe('acme');
    expect(tenantOf({}, { tenant: 'other' })).toBe('other');
    expect(tenantOf({ tenant: null }, { tenant: 'other' })).toBe('other');
  });

  it.each([[{}], [{ tenant: null }], [{ tenant: '' }], [{ tenant: '  ' }], ['']])(
    'is `default` for %j',
    (job) => {
      expect(tenantOf(job)).toBe('default');
    },
  );

  it.each([5, true, ['acme'], { id: 'acme' }, 'a b', 'a/b', 'a\nb', 'ünï', 'x'.repeat(129)])(
    '%j is refused',
    (tenant) => {
      expect(tenantOf({ tenant })).toBe('invalid_tenant');
      expect(tenantOf({}, { tenant })).toBe('invalid_tenant');
    },
  );

  it('may have 128 characters', () => {
    expect(tenantOf({ tenant: `A-z_0.${'9'.repeat(122)}` })).toHaveLength(128);
  });
});

describe('metadata that is dropped never makes room for a default', () => {
  const big = (bytes: number) => `{"agent":"sales","tenant":"acme","x":"${'x'.repeat(bytes)}"}`;
  const deep = `{"agent":"sales","x":${'['.repeat(40)}${']'.repeat(40)}}`;

  it('is read up to 512 KiB, which is what LiveKit allows', () => {
    for (const where of ['job', 'roomMetadata'])
      expect(routeOffer(fakeOffer({ [where]: big(500_000) }), agents)).toMatchObject({
        agent: 'sales',
        tenant: 'acme',
        problems: [],
      });
  });

  it.each([
    ['is larger than 512 KiB', big(512 * 1024), 'bytes long; at most 524288 are read'],
    ['is nested too deep', deep, 'is nested deeper than 32 levels'],
    ['is an object in invalid JSON', ' {"agent":"sales",}', 'is not valid JSON'],
    [
      'is an object encoded twice',
      JSON.stringify('{"agent":"sales","tenant":"acme"}'),
      "is an object that was JSON.stringify'd twice (encode it once), so",
    ],
    [
      'is an object in an array',
      '[{"agent":"sales","tenant":"acme"}]',
      'is an array with an object',
    ],
    ['is an object after a mark', '\u200b{"agent":"sales","tenant":"acme"}', 'not JSON, such as'],
    ['is cut off', '{"agent":"sales","tenant":"ac', 'is not valid JSON'],
  ])('a call whose metadata %s is refused, with or without a router', (_what, text, problem) => {
    for (const [where, name] of [
      ['job', 'job metadata'],
      ['roomMetadata', 'room metadata'],
    ] as const)
      for (const routed of [
        routeOffer(fakeOffer({ [where]: text }), agents),
        route(fakeOffer({ [where]: text }), agents, { router: () => 'support' }),
      ]) {
        expect(routed).toMatchObject({ refused: 'invalid_metadata', problems: [] });
        expect(routed).toHaveProperty('message', expect.stringContaining(`the ${name}`));
        expect(routed).toHaveProperty('message', expect.stringContaining(problem));
        expect(JSON.stringify(routed)).not.toContain('acme');
      }
  });

  it('refuses at the limit of the pool', () => {
    const offer = fakeOffer({ job: { agent: 'sales' } });
    expect(routeOffer(offer, agents, { maxMetadataBytes: 17 })).toMatchObject({ agent: 'sales' });
    expect(routeOffer(offer, agents, { maxMetadataBytes: 16 })).toMatchObject({
      refused: 'invalid_metadata',
    });
  });
});

describe('the metadata of a routed call', () => {
  it('has the names of the call, not as they were written', () => {
    expect(
      routeOffer(
        fakeOffer({
          job: { agent: ' sales ', tenant: ' ', demo: 'x ' },
          roomMetadata: { tenant: '  acme ' },
        }),
        agents,
      ),
    ).toMatchObject({
      agent: 'sales',
      tenant: 'acme',
      metadata: { agent: 'sales', demo: 'x', tenant: 'acme' },
    });
    const without = routeOffer(fakeOffer({ job: {} }), agents);
    expect(without).toMatchObject({ tenant: 'default' });
    expect(Object.keys('metadata' in without ? without.metadata : {})).toEqual([]);
  });

  it('is the room metadata with the job metadata over it', () => {
    const routed = routeOffer(
      fakeOffer({ job: { b: 2, c: null }, roomMetadata: { a: 1, b: 1, c: 1 } }),
      agents,
    );
    expect(routed).toMatchObject({ metadata: { a: 1, b: 2, c: null } });
  });
});
