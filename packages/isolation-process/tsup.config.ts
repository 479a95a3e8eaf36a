import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    // Loaded by the processes of calls, by their path.
    'child/preload': 'src/child/preload.ts',
    'child/connect': 'src/child/connect.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
});
