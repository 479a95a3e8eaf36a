import type { JobContext } from '@livekit/agents';
import { AudioFrame, FrameProcessor, isFrameProcessor } from '@livekit/rtc-node';
import { describe, expect, test } from 'vitest';

import type { RoomInput } from '../agents/agent-options.js';
import { deferred } from '../base/deferred.js';
import { LogBook } from '../base/log-book.js';
import type { PrewarmedCall } from '../call/call.js';
import { SessionEnd } from '../call/session-end.js';
import { AgentPool } from '../pool/agent-pool.js';
import { EchoAgent } from '../pool/pool-harness.js';
import { type CurrentCall, runInCall } from '../sdk/current-call.js';
import { rig } from './contained-rig.fixture.js';
import { resolveNoiseCancellation } from './noise-cancellation.js';
import { closeOwnedProviders } from './owned-providers.js';

type Option = RoomInput['noiseCancellation'];

/** Counts what is asked of it, and fails when it is asked after it was closed. */
class Filter extends FrameProcessor<AudioFrame> {
  readonly told: string[] = [];
  closes = 0;
  #enabled = true;

  override isEnabled(): boolean {
    return this.#enabled;
  }

  override setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
  }

  override onStreamInfoUpdated({ roomName }: { roomName: string }): void {
    this.told.push(roomName);
  }

  override onStreamInfoCleared(): void {
    this.told.push('cleared');
  }

  override onCredentialsUpdated({ url }: { url: string }): void {
    this.told.push(url);
  }

  override onCredentialsCleared(): void {
    this.told.push('no credentials');
  }

  override process(frame: AudioFrame): AudioFrame {
    if (this.closes > 0) throw new Error('the filter is closed');
    this.told.push('frame');
    return frame;
  }

  override close(): void {
    this.closes += 1;
  }
}

const info = { agent: 'a' } as PrewarmedCall;
const frame = AudioFrame.create(16_000, 1, 512);

function newCall() {
  const log = new LogBook();
  const call: CurrentCall = {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: {} as JobContext,
    end: new SessionEnd(),
    logger: log,
  };
  const warnings: string[] = [];
  const resolve = (option: Option) =>
    runInCall(call, () =>
      resolveNoiseCancellation(option, info, call, (message) => warnings.push(message)),
    );
  const end = async () => {
    call.end.because('caller_left');
    await call.end.reached;
    await runInCall(call, () => closeOwnedProviders(call));
  };
  return { resolve, end, warnings };
}

/** Takes part in the life of an audio input: it hears a frame, and is closed with the input. */
function listen(processor: unknown): void {
  if (!isFrameProcessor(processor)) throw new Error('no frame processor');
  (processor as FrameProcessor<AudioFrame>).process(frame);
  processor.close();
}

describe('one frame processor for all calls', () => {
  test('stays open when a call ends, and hears the next', async () => {
    const filter = new Filter();
    const first = newCall();
    listen(await first.resolve(filter));
    await first.end();
    const second = newCall();
    listen(await second.resolve(filter));
    await second.end();
    expect([filter.closes, filter.told]).toEqual([0, ['frame', 'frame']]);
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  test('is warned of when it hears two calls at once', async () => {
    const filter = new Filter();
    const [first, second] = [newCall(), newCall()];
    await first.resolve(filter);
    await second.resolve(filter);
    expect(first.warnings).toEqual([]);
    expect(second.warnings).toEqual([expect.stringMatching(/give each call its own/)]);
  });
});

describe('a factory', () => {
  test('gives each call its own, which is closed once, with the call and not with its input', async () => {
    const filters: Filter[] = [];
    const factory = () => {
      const filter = new Filter();
      filters.push(filter);
      return filter;
    };
    const [first, second] = [newCall(), newCall()];
    listen(await first.resolve(factory));
    const kept = await second.resolve(factory);
    listen(kept);
    expect(filters.map(({ closes }) => closes)).toEqual([0, 0]);
    await first.end();
    listen(kept);
    expect(filters.map(({ closes }) => closes)).toEqual([1, 0]);
    await second.end();
    expect(filters.map(({ closes }) => closes)).toEqual([1, 1]);
    expect(second.warnings).toEqual([]);
  });

  test('gets the call, may be asynchronous, and may return options of a plugin', async () => {
    const options = { moduleId: 'bvc', options: {} } as never;
    const agents: string[] = [];
    const made = await newCall().resolve(async ({ agent }) => {
      agents.push(agent);
      return options;
    });
    expect([made, agents]).toEqual([options, ['a']]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no license');
      },
      /threw: no license/,
    ],
    ['rejects', () => Promise.reject(new Error('no license')), /threw: no license/],
    ['returns something else', () => 'bvc', /must return .* or null, but returned a string/],
  ])('that %s fails the call', async (_what, factory, message) => {
    await expect(newCall().resolve(factory as never)).rejects.toMatchObject({
      code: 'SESSION_PROVIDER_FAILED',
      message: expect.stringMatching(message),
    });
  });
});

test.each([
  ['nothing', undefined],
  ['null, against a default of the pool', null],
  ['a factory that returns null', () => null],
])('%s is no noise cancellation', async (_what, option) => {
  expect(await newCall().resolve(option)).toBeUndefined();
});

test('options of a plugin are passed on as they are', async () => {
  const options = { moduleId: 'bvc', options: {} } as never;
  expect(await newCall().resolve(options)).toBe(options);
});

test('everything that is asked of a processor reaches it', async () => {
  const filter = new Filter();
  const kept = (await newCall().resolve(filter)) as Filter;
  kept.setEnabled(false);
  expect([filter.isEnabled(), kept.isEnabled()]).toEqual([false, false]);
  kept.onStreamInfoUpdated({ roomName: 'lobby' });
  kept.onCredentialsUpdated({ url: 'ws://here' });
  kept.onStreamInfoCleared();
  kept.onCredentialsCleared();
  expect(filter.told).toEqual(['lobby', 'ws://here', 'cleared', 'no credentials']);
});

test('add() refuses what is none', () => {
  const roomInput = { noiseCancellation: 'bvc' } as never;
  expect(() => new AgentPool().add('a', () => new EchoAgent(), { roomInput })).toThrow(
    /roomInput.noiseCancellation must be .*, got a string/,
  );
});

test('each call of a pool has its own, and one that cannot be made fails its call', async () => {
  const filters: Filter[] = [];
  const closed = deferred();
  class Closing extends Filter {
    override close(): void {
      super.close();
      closed.resolve();
    }
  }
  const noiseCancellation = ({ room }: PrewarmedCall) => {
    if (room.startsWith('bad')) throw new Error('no license');
    const filter = new Closing();
    filters.push(filter);
    return filter;
  };
  await rig().registered({ defaults: { roomInput: { noiseCancellation } } });
  const call = await rig().livekit.call({ room: 'good' });
  expect(await call.say('hello')).toBe('You said: hello');
  const bad = rig().livekit.dispatch({ room: 'bad' });
  expect(await rig().ends.of(bad)).toMatchObject({
    causedBy: 'provider',
    error: { code: 'SESSION_PROVIDER_FAILED' },
  });
  call.hangUp();
  await closed.promise;
  expect(filters.map(({ closes }) => closes)).toEqual([1]);
});
