import { defineConfig } from 'tsup';

export default defineConfig({
  // connect.ts is a module of its own: what runs in a container is told its URL.
  entry: ['src/main.ts', 'src/containers.ts', 'src/docker.ts', 'src/connect.ts'],
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
});
