import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    isolation: 'src/isolation.ts',
    host: 'src/host.ts',
    signing: 'src/signing.ts',
    'operate/index': 'src/operate/index.ts',
    'testing/index': 'src/testing/index.ts',
  },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: true,
});
