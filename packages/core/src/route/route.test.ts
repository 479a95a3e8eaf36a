import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { route, type Router, type RoutingRequest } from './route.js';
import { fakeAgents, fakeOffer } from './fake-offer.fixture.js';

const agents = fakeAgents('support', 'sales');
const withRouter = (
  router: unknown,
  offer = fakeOffer({ room: 'sales-1' }),
): ReturnType<typeof route> => route(offer, agents, { router: router as Router });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('route', () => {
  it('follows the built-in rules, in the same tick, without a router', () => {
    expect(route(fakeOffer({ room: 'sales-1' }), agents)).toMatchObject({
      agent: 'sales',
      by: 'room_prefix',
    });
  });

  it('asks the router first, and answers in the same tick if the router does', () => {
    const offer = fakeOffer({ job: { agent: 'support', tenant: 'acme' } });
    expect(withRouter(() => ' sales ', offer)).toMatchObject({
      agent: 'sales',
      by: 'router',
      tenant: 'acme',
    });
  });

  it('passes frozen plain data to the router', () => {
    let seen: RoutingRequest | undefined;
    const router: Router = (request) => {
      seen = request;
      return null;
    };
    void route(
      fakeOffer({ room: 'r', job: { a: 1 }, roomMetadata: 'broken', agentName: 'team' }),
      agents,
      { router },
    );
    expect(seen).toEqual({
      jobId: 'AJ_test',
      room: 'r',
      agentName: 'team',
      jobMetadata: { a: 1 },
      roomMetadata: {},
      agents: ['support', 'sales'],
    });
    expect(structuredClone(seen)).toEqual(seen);
    expect(Object.isFrozen(seen)).toBe(true);
    expect(Object.isFrozen(seen?.jobMetadata)).toBe(true);
  });

  it.each([null, undefined])('applies the rules when the router returns %s', (answer) => {
    expect(withRouter(() => answer)).toMatchObject({ agent: 'sales', by: 'room_prefix' });
  });

  it('refuses a name that is not registered', () => {
    expect(withRouter(() => 'billing')).toMatchObject({
      refused: 'unknown_agent',
      message:
        'room "sales-1": the router returned agent "billing", which is not registered (registered: support, sales)',
    });
  });

  it.each(['', ' ', 5, {}, ['sales'], false])('refuses the answer %j', (answer) => {
    expect(withRouter(() => answer)).toMatchObject({ refused: 'router_failed' });
  });

  it('refuses when the router throws, and keeps the cause', () => {
    const cause = new Error('no\nsuch table');
    const refusal = withRouter(() => {
      throw cause;
    });
    expect(refusal).toMatchObject({
      refused: 'router_failed',
      message: 'room "sales-1": the router threw: nosuch table',
      cause,
    });
  });

  it('refuses a call with an invalid tenant, whichever rule routed it', () => {
    expect(withRouter(() => 'sales', fakeOffer({ job: { tenant: 7 } }))).toMatchObject({
      refused: 'invalid_tenant',
    });
  });
});

describe('an asynchronous router', () => {
  it('routes', async () => {
    await expect(withRouter(async () => 'sales')).resolves.toMatchObject({
      agent: 'sales',
      by: 'router',
    });
    await expect(withRouter(async () => null)).resolves.toMatchObject({
      agent: 'sales',
      by: 'room_prefix',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is refused when it rejects', async () => {
    const cause = new Error('down');
    await expect(withRouter(() => Promise.reject(cause))).resolves.toMatchObject({
      refused: 'router_failed',
      cause,
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has 250 ms by default', async () => {
    const slow =
      (ms: number): Router =>
      () =>
        new Promise((resolve) => setTimeout(() => resolve('sales'), ms));
    const inTime = withRouter(slow(249));
    const late = withRouter(slow(251));
    await vi.advanceTimersByTimeAsync(300);
    await expect(inTime).resolves.toMatchObject({ agent: 'sales' });
    await expect(late).resolves.toMatchObject({
      refused: 'router_failed',
      message: 'room "sales-1": the router did not answer within 250 ms',
    });
  });

  it('has the time of routerTimeoutMs', async () => {
    const answer = route(fakeOffer(), agents, {
      router: () => new Promise(() => {}),
      routerTimeoutMs: 20,
    });
    await vi.advanceTimersByTimeAsync(20);
    await expect(answer).resolves.toMatchObject({ refused: 'router_failed' });
  });

  it('may reject after its time box without an unhandled rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const answer = withRouter(
        () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 400)),
      );
      await vi.advanceTimersByTimeAsync(500);
      await expect(answer).resolves.toMatchObject({
        message: expect.stringContaining('250 ms') as string,
      });
      vi.useRealTimers();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('may name an agent that is registered when it answers', async () => {
    const names = ['support', 'sales'];
    const answer = route(fakeOffer(), fakeAgents(...names), {
      router: async () => 'sales',
    });
    await expect(answer).resolves.toMatchObject({ agent: 'sales' });
    const live = { has: (name: string) => names.includes(name), names: () => names };
    const later = route(fakeOffer(), live, { router: async () => 'sales' });
    names.pop();
    await expect(later).resolves.toMatchObject({ refused: 'unknown_agent' });
  });
});
