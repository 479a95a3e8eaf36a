import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SAMPLES_PER_MS } from './audio/format.js';
import { readWav } from './audio/wav.js';
import { speech } from './speech.js';

it.each(Object.entries(speech))(
  'has the sentence %s with its duration',
  async (_name, { path, durationMs }) => {
    const samples = await readWav(path);
    expect(Math.round(samples.length / SAMPLES_PER_MS)).toBe(durationMs);
  },
);

it('refuses what is no WAV file', async () => {
  await expect(readWav(fileURLToPath(import.meta.url))).rejects.toThrow('is not a WAV file');
});
