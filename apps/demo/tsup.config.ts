import { defineConfig } from 'tsup';

export default defineConfig({
  // One file an agent: `pool.discover()` reads dist/agents as a user's own directory.
  entry: ['src/main.ts', 'src/worker/worker-main.ts', 'src/agents/*.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: true,
});
