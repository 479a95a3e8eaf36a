import { defineConfig } from 'tsup';

export default defineConfig({
  // The caller process is an entry of its own: the rig forks it by its exported name.
  entry: { index: 'src/index.ts', 'caller-process': 'src/callers/child/main.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: true,
});
