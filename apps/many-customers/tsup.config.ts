import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/try-it.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
});
