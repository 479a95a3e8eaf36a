import { readFile } from 'node:fs/promises';

import ts from 'typescript-api';
import { describe, it } from 'vitest';

import type { IsolationStrategy } from '../../launch/isolation-strategy.js';
import { describeIsolation } from './isolation-suite.js';

// The strategy of docs/isolation.md, as it stands there.
const page = await readFile(new URL('../../../../../docs/isolation.md', import.meta.url), 'utf8');
const source = /<!-- example: limited -->\s+```ts\n([\s\S]*?)^```$/m.exec(page)?.[1];
if (source === undefined) throw new Error('docs/isolation.md has no example "limited"');
const { outputText } = ts.transpileModule(source, {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
});
const { limited } = (await import(
  /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputText)}`
)) as { limited: (places: number) => IsolationStrategy };

describeIsolation({ describe, it, createStrategy: () => limited(3), capacity: 3 });
