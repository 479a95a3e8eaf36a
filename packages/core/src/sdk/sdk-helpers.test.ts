import {
  APIConnectionError,
  JobContext,
  JobProcess,
  VAD,
  VADStream,
  audioFramesFromFile,
  initializeLogger,
  llm,
  loopAudioFramesFromFile,
  stt,
  tts,
  voice,
} from '@livekit/agents';
import {
  AudioFrame,
  AudioMixer,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  VideoBufferType,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node';
import { Job } from '@livekit/protocol';
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { LogBook } from '../base/log-book.js';
import { SessionEnd } from '../call/session-end.js';
import { EchoLLM } from '../testing/providers/echo-llm.js';
import { closeBelongings } from './belongings.js';
import { CallResources } from './call-resources.fixture.js';
import { type CurrentCall, currentCall, runInCall } from './current-call.js';
import { currentFfiClient } from './ffi-client.js';
import { FFI_EVENT } from './ffi-message.js';
import { prepareSdk } from './patches.js';
import { helpers } from './sdk-helpers.js';

let release: () => Promise<void>;

beforeAll(() => {
  initializeLogger({ pretty: false, level: 'silent' });
  release = prepareSdk(new LogBook());
});

afterAll(() => release());

function newCall() {
  const log = new LogBook();
  const call: CurrentCall = {
    jobId: 'AJ_1',
    agent: 'a',
    tenant: 'default',
    room: 'lobby',
    ctx: new JobContext(
      new JobProcess(),
      {
        acceptArguments: { name: '', identity: '', metadata: '' },
        job: new Job(),
        url: 'ws://127.0.0.1',
        token: '',
        workerId: '',
      },
      new EventEmitter() as Room,
      () => {},
      () => {},
      { doInference: () => Promise.reject(new Error('there are no models')) },
    ),
    end: new SessionEnd(),
    logger: log,
  };
  return { call, log };
}

const listeners = () => currentFfiClient()?.listenerCount(FFI_EVENT) ?? 0;

/** Waits for it; Vitest's limit ends the wait. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const frame = new AudioFrame(new Int16Array(4_800), 48_000, 1, 4_800);

async function* endlessFrames(): AsyncGenerator<AudioFrame> {
  for (;;) yield frame;
}

/** A room whose participant takes every track. */
function fakeRoom(): Room {
  const tracks = new Map<string, unknown>();
  const localParticipant = {
    trackPublications: tracks,
    publishTrack: async (track: { name: string }) => {
      const publication = { sid: 'TR_1', name: track.name };
      tracks.set('TR_1', publication);
      return publication;
    },
    unpublishTrack: async (sid: string) => void tracks.delete(sid),
  };
  return { localParticipant, isConnected: true } as unknown as Room;
}

function mixing(player: voice.BackgroundAudioPlayer): boolean {
  return !(player as unknown as { audioMixer: { closed: boolean } }).audioMixer.closed;
}

/** Plays until the source is closed, as code of an agent does that plays its own sounds. */
async function pump(
  frames: { [Symbol.asyncIterator](): { next(): Promise<IteratorResult<AudioFrame>> } },
  source: AudioSource,
) {
  const iterator = frames[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) return;
    try {
      await source.captureFrame(value);
    } catch {
      return;
    }
  }
}

/** Waits as a socket of a provider does: until the stream is aborted. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const socket = setInterval(() => {}, 1_000);
    signal.addEventListener('abort', () => {
      clearInterval(socket);
      resolve();
    });
  });
}

class OpenSTT extends stt.STT {
  label = 'open';
  constructor() {
    super({ streaming: true, interimResults: false });
  }
  protected _recognize = () => Promise.reject(new APIConnectionError({ message: 'no' }));
  stream() {
    return new (class extends stt.SpeechStream {
      label = 'open';
      protected run = () => untilAborted(this.abortSignal);
    })(this);
  }
}

class OpenTTS extends tts.TTS {
  label = 'open';
  constructor() {
    super(48_000, 1, { streaming: true });
  }
  synthesize(text: string) {
    return new (class extends tts.ChunkedStream {
      label = 'open';
      protected run = () => untilAborted(this.abortSignal);
    })(text, this);
  }
  stream() {
    return new (class extends tts.SynthesizeStream {
      label = 'open';
      protected run = () => untilAborted(this.abortSignal);
    })(this);
  }
}

class OpenLLM extends EchoLLM {
  override chat({ chatCtx }: { chatCtx: llm.ChatContext }) {
    return new (class extends llm.LLMStream {
      protected run = () => untilAborted(this.abortController.signal);
    })(this, { chatCtx, connOptions: { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 1_000 } });
  }
}

class OpenVAD extends VAD {
  label = 'open';
  constructor() {
    super({ updateInterval: 32 });
  }
  stream() {
    return new (class extends VADStream {})(this);
  }
}

/** Something that code of a call starts, and does not close. Returns whether it is still alive. */
type Start = () => Promise<() => boolean> | (() => boolean);

const cases: Record<string, Start> = {
  'a background audio player with an ambient sound': async () => {
    const room = fakeRoom();
    const player = new voice.BackgroundAudioPlayer({
      ambientSound: { source: voice.BuiltinAudioClip.OFFICE_AMBIENCE, volume: 0.5 },
    });
    await player.start({ room });
    return () => (room.localParticipant?.trackPublications.size ?? 0) > 0;
  },
  'a background audio player that plays frames without end': async () => {
    const player = new voice.BackgroundAudioPlayer();
    await player.start({ room: fakeRoom() });
    player.play(endlessFrames());
    return () => mixing(player);
  },
  'a background audio player that was never started': () => {
    const player = new voice.BackgroundAudioPlayer();
    player.play(endlessFrames());
    return () => mixing(player);
  },
  'a mixer that plays into an own track': () => {
    const source = new AudioSource(48_000, 1, 400);
    const track = LocalAudioTrack.createAudioTrack('music', source);
    const mixer = new AudioMixer(48_000, 1, { capacity: 1 });
    mixer.addStream(endlessFrames());
    let over = false;
    void pump(mixer, source).then(() => (over = true));
    return () => source.lastCapture > 0 && track.name === 'music' && !over;
  },
  'frames that are played into an own track without end': () => {
    const source = new AudioSource(48_000, 1, 400);
    let playing = true;
    void pump(endlessFrames(), source).then(() => (playing = false));
    return () => playing;
  },
  'an own video track': () => {
    const source = new VideoSource(320, 240);
    source.captureFrame(
      new VideoFrame(new Uint8Array(320 * 240 * 4), 320, 240, VideoBufferType.RGBA),
    );
    return () => !source.closed;
  },
  'frames that are read from an audio track': () => {
    const track = LocalAudioTrack.createAudioTrack('music', new AudioSource(48_000, 1));
    const reader = new AudioStream(track).getReader();
    let open = true;
    void (async () => {
      while (!(await reader.read()).done);
      open = false;
    })();
    return () => open;
  },
  'frames that are read from a video track': () => {
    const track = LocalVideoTrack.createVideoTrack('face', new VideoSource(320, 240));
    const reader = new VideoStream(track).getReader();
    let open = true;
    void (async () => {
      while (!(await reader.read()).done);
      open = false;
    })();
    return () => open;
  },
  // ffmpeg waits for what never comes.
  'a sound file that does not end': () => {
    void audioFramesFromFile('/dev/stdin');
    return () => process.getActiveResourcesInfo().includes('ProcessWrap');
  },
  'a sound that is looped into an own track': () => {
    const source = new AudioSource(48_000, 1, 400);
    const path = voice.getBuiltinAudioPath(voice.BuiltinAudioClip.KEYBOARD_TYPING);
    let over = false;
    void pump(loopAudioFramesFromFile(path), source).then(() => (over = true));
    return () => source.lastCapture > 0 && !over;
  },
  'a second session': async () => {
    const session = new voice.AgentSession({ llm: new EchoLLM(), userAwayTimeout: 600, vad: null });
    await session.start({ agent: new voice.Agent({ instructions: '' }), record: false });
    return () => (session as unknown as { started: boolean }).started;
  },
  'an answering machine detection': async () => {
    const session = new voice.AgentSession({
      llm: new EchoLLM(),
      vad: null,
      userAwayTimeout: null,
    });
    await session.start({ agent: new voice.Agent({ instructions: '' }), record: false });
    const amd = new voice.AMD(session, { llm: new EchoLLM(), stt: new OpenSTT() });
    let open = true;
    void amd.execute().then(
      () => (open = false),
      () => (open = false),
    );
    return () => open;
  },
  'an STT stream': () => {
    const stream = new OpenSTT().stream();
    return () => (stream as unknown as { closed: boolean }).closed === false;
  },
  'a TTS stream': () => {
    const stream = new OpenTTS().stream();
    return () => !stream.abortSignal.aborted;
  },
  'a TTS request': () => {
    const stream = new OpenTTS().synthesize('hello');
    return () => !stream.abortSignal.aborted;
  },
  'an LLM request': () => {
    const stream = new OpenLLM().chat({ chatCtx: llm.ChatContext.empty() });
    return () => (stream as unknown as { closed: boolean }).closed === false;
  },
  'a VAD stream': () => {
    const stream = new OpenVAD().stream();
    return () => (stream as unknown as { closed: boolean }).closed === false;
  },
  'a second room that was not reached': async () => {
    const room = new Room();
    await expect(
      room.connect('ws://127.0.0.1:9', 'no token', undefined as never),
    ).rejects.toThrow();
    room.on('disconnected', () => {});
    return () => room.listenerCount('disconnected') > 0;
  },
};

test.each(Object.entries(cases))('%s ends with its call', async (_what, start) => {
  using resources = new CallResources();
  const { call, log } = newCall();
  const alive = await runInCall(call, start);
  await until(alive);
  await closeBelongings(call, 'in_room');
  await closeBelongings(call, 'at_end');
  await until(() => !alive());
  await until(() => resources.of(call).length === 0);
  // A frame on its way to a source is answered a little later.
  await until(() => listeners() === 0);
  expect(log.matching('warn', /./)).toEqual([]);
});

test('a sound can be played until a shutdown callback stops it', async () => {
  const { call } = newCall();
  const source = new AudioSource(48_000, 1);
  await runInCall(call, () => source.captureFrame(frame));
  await closeBelongings(call, 'in_room');
  expect(source.closed).toBe(false);
  await runInCall(call, () => source.captureFrame(frame));
  await closeBelongings(call, 'at_end');
  expect(source.closed).toBe(true);
});

test('every method that begins the life of a helper is there', () => {
  for (const { prototype, starts } of helpers)
    expect(Object.getOwnPropertyDescriptor(prototype, starts)?.value, starts).toBeTypeOf(
      'function',
    );
});

test('what a player plays for code outside of its call belongs to its call', async () => {
  const [mine, other] = [newCall().call, newCall().call];
  const player = new voice.BackgroundAudioPlayer();
  await runInCall(mine, () => player.start({ room: fakeRoom() }));
  const { audioMixer: mixer } = player as unknown as { readonly audioMixer: AudioMixer };
  for (const outside of [
    <T>(play: () => T) => play(),
    <T>(play: () => T) => runInCall(other, play),
  ]) {
    const played = new Promise<CurrentCall | undefined>((resolve) => {
      mixer.addStream = () => resolve(currentCall());
      outside(() => player.play(endlessFrames()));
    });
    expect(await played).toBe(mine);
  }
  await closeBelongings(mine, 'at_end');
});
