import { defineConfig } from 'tsup';

export default defineConfig({
  // The worker is forked by its built name.
  entry: { main: 'src/main.ts', worker: 'src/worker/worker-main.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: true,
});
