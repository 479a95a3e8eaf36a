import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', bin: 'src/bin.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  // Each verb is loaded when it is asked for.
  splitting: true,
  // Needed before it is known where core is. It loads no SDK, and is small.
  noExternal: ['@openrtc/core/operate'],
});
