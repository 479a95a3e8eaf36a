import type { AudioDevices, Speaker } from '@openrtc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { UsageError } from '../../usage-error.js';

/** What records and plays raw samples on this machine: mono, signed 16 bit. */
interface AudioPrograms {
  readonly record: readonly [string, ...string[]];
  readonly play: readonly [string, ...string[]];
}

const MICROPHONE_RATE = 16_000;
// What voices of today come in; nothing is gained by more.
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

// One window of the VAD.
const FRAME_BYTES = 2 * 512;

/** Devices that have to be given back. */
export interface OpenDevices extends AudioDevices {
  close(): Promise<void>;
}

/**
 * Microphone and speaker of this machine, by the programs of ALSA or SoX.
 * @throws UsageError when it has neither
 */
export async function openDevices(env: NodeJS.ProcessEnv): Promise<OpenDevices> {
  const programs = await findPrograms(env);
  if (programs === undefined)
    throw new UsageError(
      '--voice needs arecord and aplay (alsa-utils), or rec and play (SoX), on the PATH; without it you can type',
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

async function findPrograms({ PATH = '' }: NodeJS.ProcessEnv): Promise<AudioPrograms | undefined> {
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const isThere = async (name: string): Promise<boolean> => {
    const found = folders.map((folder) => access(join(folder, name), constants.X_OK));
    return (await Promise.allSettled(found)).some(({ status }) => status === 'fulfilled');
  };
  for (const programs of [ALSA, SOX])
    if ((await isThere(programs.record[0])) && (await isThere(programs.play[0]))) return programs;
  return undefined;
}

/** What a program records, in frames of one length. */
async function* frames({ stdout }: ChildProcess): AsyncGenerator<Int16Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stdout ?? []) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (; rest.length >= FRAME_BYTES; rest = rest.subarray(FRAME_BYTES)) {
      // Copied: samples must begin at an even address.
      const samples = new Int16Array(FRAME_BYTES / 2);
      Buffer.from(samples.buffer).set(rest.subarray(0, FRAME_BYTES));
      yield samples;
    }
  }
}

/** A program that plays what is written to it. To be silent at once, it is ended and another one started. */
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
    // One that was ended takes nothing more, and says so by its end.
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
    // It was ended while it was written to: what it did not play nobody misses.
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
