import { initializeLogger, stt } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { beforeAll, expect, test } from 'vitest';
import { EnergyGate } from './energy-gate.js';
import { ScriptedSTT } from './scripted-stt.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

const { START_OF_SPEECH, FINAL_TRANSCRIPT, END_OF_SPEECH } = stt.SpeechEventType;

function audio(ms: number, amplitude: number, sampleRate = 24_000, channels = 1): AudioFrame {
  const samples = Math.round((ms * sampleRate) / 1000);
  const data = Int16Array.from({ length: samples * channels }, (_, at) =>
    Math.round(amplitude * Math.sin(at / 10)),
  );
  return new AudioFrame(data, sampleRate, channels, samples);
}

const speech = (ms: number) => audio(ms, 8000);
const silence = (ms: number) => audio(ms, 0);

async function hear(owner: ScriptedSTT, ...frames: AudioFrame[]): Promise<(string | number)[]> {
  const stream = owner.stream();
  frames.forEach((frame) => stream.pushFrame(frame));
  stream.endInput();
  const heard: (string | number)[] = [];
  for await (const event of stream) {
    if (event.type === FINAL_TRANSCRIPT) {
      heard.push(event.alternatives?.[0].text ?? '');
    } else if (event.type === START_OF_SPEECH || event.type === END_OF_SPEECH) {
      heard.push(event.type);
    }
  }
  return heard;
}

test('says the next line each time speech turns into silence', async () => {
  const owner = new ScriptedSTT({ script: ['one', 'two'] });
  const heard = await hear(owner, speech(200), silence(400), speech(150), silence(300));
  expect(heard).toEqual([
    START_OF_SPEECH,
    'one',
    END_OF_SPEECH,
    START_OF_SPEECH,
    'two',
    END_OF_SPEECH,
  ]);
});

test('does not hear clicks, short pauses, or silence', async () => {
  const owner = new ScriptedSTT({ script: ['one', 'two'] });
  const heard = await hear(
    owner,
    silence(500),
    speech(50),
    silence(400),
    speech(200),
    silence(200),
    speech(200),
    silence(300),
  );
  expect(heard).toEqual([START_OF_SPEECH, 'one', END_OF_SPEECH]);
});

test('falls silent after the last line, or starts again', async () => {
  const utterances = [speech(100), silence(300), speech(100), silence(300)];
  const texts = async (owner: ScriptedSTT) =>
    (await hear(owner, ...utterances)).filter((event) => typeof event === 'string');
  expect(await texts(new ScriptedSTT({ script: ['one'] }))).toEqual(['one']);
  expect(await texts(new ScriptedSTT({ script: ['one'], loop: true }))).toEqual(['one', 'one']);
});

test('the gate counts time in samples, whatever the frame length, rate, and channels', () => {
  for (const [sampleRate, channels] of [
    [8000, 1],
    [44_100, 1],
    [48_000, 2],
  ] as const) {
    const gate = new EnergyGate();
    const events = [];
    for (const [ms, level] of [
      [200, 0],
      [250, 8000],
      [400, 0],
    ] as const) {
      for (let fed = 0; fed < ms; fed += 25) {
        events.push(...gate.push(audio(25, level, sampleRate, channels)));
      }
    }
    expect(events.map(({ kind }) => kind)).toEqual(['start', 'end']);
    expect(events[0]?.atMs).toBeCloseTo(200, -2);
    expect(events[1]?.atMs).toBeCloseTo(450, -2);
  }
});

test('refuses recognize(), which has no end of speech to wait for', async () => {
  const owner = new ScriptedSTT({ script: [] });
  await expect(owner.recognize(silence(10))).rejects.toThrow('call stream()');
});
