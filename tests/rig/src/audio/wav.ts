import { readFile } from 'node:fs/promises';
import { SAMPLE_RATE } from './format.js';

const PCM = 1;

/** Reads a WAV file of 16 kHz, mono, 16 bit; rejects any other format. */
export async function readWav(path: string): Promise<Int16Array> {
  const file = await readFile(path);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`${path} is not a WAV file.`);
  }
  let described = false;
  // A chunk is a name of four letters, a length, and content padded to an even length.
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === 'fmt ') {
      assertFormat(file.subarray(start, start + length), path);
      described = true;
    }
    if (name === 'data' && described) return toSamples(file.subarray(start, start + length));
    at = start + length + (length % 2);
  }
  throw new Error(`${path} contains no audio.`);
}

function assertFormat(format: Buffer, path: string): void {
  const [encoding, channels, rate, bits] = [
    format.readUInt16LE(0),
    format.readUInt16LE(2),
    format.readUInt32LE(4),
    format.readUInt16LE(14),
  ];
  if (encoding === PCM && channels === 1 && rate === SAMPLE_RATE && bits === 16) return;
  throw new Error(
    `${path} has to be 16 kHz mono 16 bit PCM; it is ${rate} Hz, ${channels} channels, ${bits} bit, encoding ${encoding}.`,
  );
}

function toSamples(bytes: Buffer): Int16Array {
  const samples = new Int16Array(Math.floor(bytes.length / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
  return samples;
}
