import { initializeLogger, voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { beforeAll, expect, test } from 'vitest';
import { EchoLLM } from './echo-llm.js';
import { ScriptedSTT } from './scripted-stt.js';
import { ToneTTS } from './tone-tts.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

/** A line whose far end is this test. */
class Microphone extends voice.AudioInput {
  readonly #controller: ReadableStreamDefaultController<AudioFrame>;

  constructor() {
    super();
    let opened!: ReadableStreamDefaultController<AudioFrame>;
    this.multiStream.addInputStream(
      new ReadableStream<AudioFrame>({ start: (controller) => void (opened = controller) }),
    );
    this.#controller = opened;
  }

  feed(ms: number, amplitude: number): void {
    for (let fed = 0; fed < ms; fed += 50) {
      const data = Int16Array.from({ length: 1200 }, (_, at) => amplitude * Math.sin(at / 10));
      this.#controller.enqueue(new AudioFrame(data, 24_000, 1, data.length));
    }
  }

  hangUp(): void {
    this.#controller.close();
  }
}

/** Plays at once, and counts what it played. */
class Speaker extends voice.AudioOutput {
  playedMs = 0;
  #segmentMs = 0;

  override async captureFrame(frame: AudioFrame): Promise<void> {
    await super.captureFrame(frame);
    this.#segmentMs += (frame.samplesPerChannel * 1000) / frame.sampleRate;
  }

  override flush(): void {
    super.flush();
    if (this.#segmentMs > 0) {
      this.playedMs += this.#segmentMs;
      const playbackPosition = this.#segmentMs / 1000;
      this.#segmentMs = 0;
      this.onPlaybackFinished({ playbackPosition, interrupted: false });
    }
  }

  override clearBuffer(): void {
    this.flush();
  }
}

test('a voice session hears the script, answers, and speaks, without keys', async () => {
  const session = new voice.AgentSession({
    stt: new ScriptedSTT({ script: ['good morning'] }),
    llm: new EchoLLM(),
    tts: new ToneTTS({ msPerWord: 100 }),
    vad: null,
    turnHandling: { turnDetection: 'stt' },
  });
  const microphone = new Microphone();
  const speaker = new Speaker(24_000);
  session.input.audio = microphone;
  session.output.audio = speaker;
  const answered = new Promise<string>((resolve) => {
    session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
      if (item.type === 'message' && item.role === 'assistant') {
        resolve(item.textContent ?? '');
      }
    });
  });
  await session.start({ agent: new voice.Agent({ instructions: 'test' }), record: false });
  microphone.feed(300, 8000);
  microphone.feed(500, 0);
  expect(await answered).toBe('You said: good morning');
  expect(speaker.playedMs).toBe(400);
  microphone.hangUp();
  await session.close();
});
