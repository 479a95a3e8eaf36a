import {
  APIConnectionError,
  DEFAULT_API_CONNECT_OPTIONS,
  type JobContext,
  initializeLogger,
  tts,
} from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { SessionEnd } from '../call/session-end.js';
import { closeOwnedProviders } from '../session/owned-providers.js';
import { closeBelongings } from './belongings.js';
import { type CurrentCall, runInCall } from './current-call.js';
import { prepareSdk } from './patches.js';
import { releaseProviders } from './shared-provider.js';

let log: LogBook;
let release: () => Promise<void>;

beforeEach(() => {
  initializeLogger({ pretty: false, level: 'silent' });
  log = new LogBook();
  release = prepareSdk(log);
});

afterEach(() => release());

let calls = 0;

function newCall(): CurrentCall {
  calls += 1;
  return {
    jobId: `AJ_${calls}`,
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: {} as JobContext,
    end: new SessionEnd(),
    logger: log,
  };
}

/** Ends a call, as far as it concerns what is tested here. */
async function end(call: CurrentCall): Promise<void> {
  await closeBelongings(call, 'at_end');
  await runInCall(call, () => closeOwnedProviders(call));
  releaseProviders(call);
}

/** Is down until it is `up`, and counts how often it is asked. */
class DownTTS extends tts.TTS {
  readonly label = 'down';
  up = false;
  asked = 0;
  #waiting: (() => void)[] = [];

  constructor() {
    super(24_000, 1, { streaming: false });
  }

  /** Waits until it is asked this often from now on. */
  async untilAsked(times: number): Promise<void> {
    const target = this.asked + times;
    while (this.asked < target) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  override synthesize(
    text: string,
    connOptions = DEFAULT_API_CONNECT_OPTIONS,
    signal?: AbortSignal,
  ): tts.ChunkedStream {
    this.asked += 1;
    for (const wake of this.#waiting.splice(0)) wake();
    return new DownStream(this, text, connOptions, signal);
  }

  override stream(): tts.SynthesizeStream {
    throw new Error('it does not stream');
  }
}

class DownStream extends tts.ChunkedStream {
  label = 'down';
  readonly #tts: DownTTS;

  constructor(
    provider: DownTTS,
    text: string,
    connOptions: typeof DEFAULT_API_CONNECT_OPTIONS,
    signal?: AbortSignal,
  ) {
    super(text, provider, { ...connOptions, maxRetry: 0 }, signal);
    this.#tts = provider;
  }

  protected override async run(): Promise<void> {
    // A request takes a while.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#tts.up) throw new APIConnectionError({ message: 'down' });
    const frame = AudioFrame.create(24_000, 1, 240);
    this.queue.put({ requestId: 'r', segmentId: 's', frame, final: true });
    this.queue.close();
  }
}

function newAdapter(down = new DownTTS()) {
  const adapter = new tts.FallbackAdapter({
    ttsInstances: [down, Object.assign(new DownTTS(), { up: true })],
    maxRetryPerTTS: 0,
    recoveryDelayMs: 1,
  });
  return { adapter, down };
}

/** Does what the adapter does when its first TTS fails. A probe that leaves a rejection behind fails the test. */
function fail(adapter: tts.FallbackAdapter): void {
  (adapter as unknown as { markUnAvailable(index: number): void }).markUnAvailable(0);
}

/** Asserts that the adapter asks no more: it has no timer for it, and no request under way. */
function expectIdle(adapter: tts.FallbackAdapter): void {
  const { _recoveryTimeouts } = adapter as unknown as { readonly _recoveryTimeouts: object };
  expect(_recoveryTimeouts).toHaveProperty('size', 0);
  expect(adapter.status.map(({ recoveringTask }) => recoveringTask)).toEqual([null, null]);
}

test('an adapter of a call stops asking for its TTS when the call ends', async () => {
  const call = newCall();
  const { adapter, down } = runInCall(call, () => newAdapter());
  runInCall(call, () => fail(adapter));
  await down.untilAsked(3);
  await end(call);
  expectIdle(adapter);
});

test('a stream that reports a failure after the end of its call begins no recovery', async () => {
  const call = newCall();
  const { adapter, down } = runInCall(call, () => newAdapter());
  await end(call);
  runInCall(call, () => fail(adapter));
  expect(down.asked).toBe(0);
  expectIdle(adapter);
});

test('an adapter that calls share recovers when the call that saw the failure has ended', async () => {
  const { adapter, down } = newAdapter();
  const [first, second] = [newCall(), newCall()];
  for (const call of [first, second])
    runInCall(call, () => adapter.on('metrics_collected', () => {}));
  runInCall(first, () => fail(adapter));
  await down.untilAsked(2);
  await end(first);
  const recovered = new Promise((resolve) =>
    adapter.once('tts_availability_changed' as never, resolve as never),
  );
  down.up = true;
  expect(await recovered).toMatchObject({ available: true });
  // Nothing that was started for it was taken for a leftover of the first call.
  expect(log.matching('warn', /call that has ended/)).toEqual([]);
  await end(second);
});

test('a TTS that the first call has put into an adapter of its own is asked no more, and serves the second', async () => {
  const down = new DownTTS();
  const [first, second] = [newCall(), newCall()];
  const one = runInCall(first, () => newAdapter(down));
  const two = runInCall(second, () => newAdapter(down));
  runInCall(first, () => fail(one.adapter));
  await end(first);
  expectIdle(one.adapter);
  runInCall(second, () => fail(two.adapter));
  await down.untilAsked(3);
  await end(second);
  expectIdle(two.adapter);
});

test('that a TTS is still down is an error of no call', async () => {
  const call = newCall();
  const errors: unknown[] = [];
  const { adapter, down } = runInCall(call, () => newAdapter());
  runInCall(call, () => adapter.on('error', (error) => errors.push(error)));
  runInCall(call, () => fail(adapter));
  const seen = errors.length;
  await down.untilAsked(5);
  expect(errors).toHaveLength(seen);
  expect(log.matching('error', /./)).toEqual([]);
  await end(call);
});

test('the end of the last pool stops the recovery of every adapter, and the next failure begins it again', async () => {
  const { adapter, down } = newAdapter();
  const call = newCall();
  runInCall(call, () => fail(adapter));
  await down.untilAsked(2);
  await end(call);
  await down.untilAsked(2);
  await release();
  expectIdle(adapter);

  release = prepareSdk(log);
  const next = newCall();
  runInCall(next, () => fail(adapter));
  await down.untilAsked(1);
});
