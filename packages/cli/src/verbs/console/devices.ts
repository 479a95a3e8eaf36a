import type { AudioDevices, Speaker } from '@openrtc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { findProgram } from '../../find-program.js';
import { UsageError } from '../../usage-error.js';

/** Programs that record and play raw samples: mono, signed 16 bit. */
interface AudioPrograms {
  readonly record: readonly [string, ...string[]];
  readonly play: readonly [string, ...string[]];
}

const MICROPHONE_RATE = 16_000;
// The rate of common voices; a higher one gains nothing.
const SPEAKER_RATE = 24_000;
const RAW = ['-t', 'raw'] as const;

const ALSA: AudioPrograms = {
  record: ['arecord', '-q', ...RAW, '-f', 'S16_LE', '-c', '1', '-r', `${MICROPHONE_RATE}`],
  play: ['aplay', '-q', ...RAW, '-f', 'S16_LE', '-c', '1', '-r', `${SPEAKER_RATE}`],
};
const SOX_RAW = [...RAW, '-e', 'signed', '-b', '16', '-c', '1'] as const;
const SOX: AudioPrograms = {
  record: ['rec', '-q', ...SOX_RAW, '-r', `${MICROPHONE_RATE}`, '-'],
  play: ['play', '-q', ...SOX_RAW, '-r', `${SPEAKER_RATE}`, '-'],
};

// One window of the voice activity detector.
const FRAME_BYTES = 2 * 512;

/** Audio devices that must be closed. */
export interface OpenDevices extends AudioDevices {
  /** Ends the programs. */
  close(): Promise<void>;
}

/**
 * Opens the microphone and the speaker of this machine with the programs of ALSA or SoX.
 * @throws UsageError when neither is installed
 */
export async function openDevices(env: NodeJS.ProcessEnv): Promise<OpenDevices> {
  const programs = await findPrograms(env);
  if (programs === undefined)
    throw new UsageError(
      '--voice needs arecord and aplay (alsa-utils), or rec and play (SoX), on the PATH; without --voice you can type',
    );
  const [record, ...recordFlags] = programs.record;
  const microphone = spawn(record, recordFlags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const speaker = new ProgramSpeaker(programs.play);
  return {
    microphone: frames(microphone),
    speaker,
    async close() {
      await Promise.all([ended(microphone), speaker.close()]);
    },
  };
}

async function findPrograms(env: NodeJS.ProcessEnv): Promise<AudioPrograms | undefined> {
  for (const programs of [ALSA, SOX]) {
    const [record] = programs.record;
    const [play] = programs.play;
    const found = await Promise.all([findProgram(record, env), findProgram(play, env)]);
    if (found.every((path) => path !== undefined)) return programs;
  }
  return undefined;
}

/** The recorded samples in frames of equal length. */
async function* frames({ stdout }: ChildProcess): AsyncGenerator<Int16Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stdout ?? []) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (; rest.length >= FRAME_BYTES; rest = rest.subarray(FRAME_BYTES)) {
      // A copy, because samples must begin at an even address.
      const samples = new Int16Array(FRAME_BYTES / 2);
      Buffer.from(samples.buffer).set(rest.subarray(0, FRAME_BYTES));
      yield samples;
    }
  }
}

/** A speaker made of a program that plays its input. To be silent at once, the program is killed and started again. */
class ProgramSpeaker implements Speaker {
  readonly sampleRate = SPEAKER_RATE;
  readonly #command: readonly [string, ...string[]];
  #playing: ChildProcess | undefined;
  #closed = false;

  constructor(command: readonly [string, ...string[]]) {
    this.#command = command;
  }

  async write(samples: Int16Array): Promise<void> {
    if (this.#closed) return;
    const { stdin } = (this.#playing ??= this.#start());
    if (stdin === null || stdin.destroyed) return;
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    // A killed program never drains, but closes.
    if (!stdin.write(Buffer.from(bytes)))
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => {});
  }

  clear(): void {
    this.#playing?.kill('SIGKILL');
    this.#playing = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#playing !== undefined) await ended(this.#playing);
  }

  #start(): ChildProcess {
    const [program, ...flags] = this.#command;
    const child = spawn(program, flags, { stdio: ['pipe', 'ignore', 'inherit'] });
    // Writing to a killed program fails. The lost audio was meant to be cleared.
    child.stdin.on('error', () => {});
    child.on('error', () => (this.#playing = undefined));
    return child;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
