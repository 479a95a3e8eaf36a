import { readFileSync } from 'node:fs';

const HEADER_BYTES = 44;

/** A recorded sentence of the test rig, 16 kHz mono. */
export function recorded(name: 'order' | 'hours' | 'goodbye'): Int16Array {
  const wav = readFileSync(new URL(`../../../tests/rig/speech/${name}.wav`, import.meta.url));
  const samples = new Int16Array((wav.length - HEADER_BYTES) >> 1);
  Buffer.from(samples.buffer).set(wav.subarray(HEADER_BYTES));
  return samples;
}
