import type { IsolationHost, JobTicket } from '@openrtc/core';
import { describe, expect, it } from 'vitest';
import { coroutine } from './index.js';

const ticket: JobTicket = {
  jobId: 'AJ_1',
  agent: 'sales',
  tenant: 'default',
  room: 'lobby',
  identity: 'agent-AJ_1',
  workerId: 'AW_1',
  generation: 0,
  media: { kind: 'room', url: 'ws://127.0.0.1:1', token: 'token' },
  job: new Uint8Array(),
};

function fakeHost(runSession: IsolationHost['runSession'] = async () => {}) {
  const done: string[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent, child: () => logger };
  const host: IsolationHost = {
    source: { entry: '', argv: [], execArgv: [] },
    logger,
    prewarm: async (signal) => {
      done.push(`prewarm ${signal.aborted ? 'aborted' : 'live'}`);
    },
    runSession: async (...args) => {
      done.push(`run ${args[0].jobId}`);
      await runSession(...args);
    },
    report: async () => {},
  };
  return { host, done };
}

describe('coroutine()', () => {
  it('loads what calls share before it takes any, then runs each in this process', async () => {
    const { host, done } = fakeHost();
    const isolation = await coroutine().open(host);
    expect(done).toEqual(['prewarm live']);
    await isolation.run(ticket, new AbortController().signal);
    expect(done).toEqual(['prewarm live', 'run AJ_1']);
    await isolation[Symbol.asyncDispose]();
  });

  it('passes the failure of a call on as it is', async () => {
    const failure = new Error('no voice');
    const { host } = fakeHost(async () => {
      throw failure;
    });
    const isolation = await coroutine().open(host);
    await expect(isolation.run(ticket, new AbortController().signal)).rejects.toBe(failure);
  });

  it('does not open when prewarm fails', async () => {
    const { host } = fakeHost();
    host.prewarm = async () => {
      throw new Error('no model');
    };
    await expect(coroutine().open(host)).rejects.toThrow('no model');
  });
});
