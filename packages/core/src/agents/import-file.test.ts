import { tmpdir } from 'node:os';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { ModuleFolder } from './files.fixture.js';
import { explainImport, filesWaitedFor } from './import-file.js';

// Vitest replaces an import() in this file by its own, but not in files below node_modules.
let importer: ModuleFolder;
let nodeImport: (url: string) => Promise<unknown>;

beforeAll(async () => {
  importer = await ModuleFolder.of({ 'import.js': 'export default (url) => import(url);' });
  ({ default: nodeImport } = (await import(importer.of('import.js'))) as {
    default: typeof nodeImport;
  });
});

afterAll(() => importer[Symbol.asyncDispose]());

/** The error with which the import of a file fails, explained. */
async function failureOf(path: string): Promise<Error> {
  return nodeImport(pathToFileURL(path).href).then(
    () => expect.fail('it was imported'),
    (error: unknown) => explainImport(error, path),
  );
}

let folder: ModuleFolder | undefined;

afterEach(async () => {
  await folder?.[Symbol.asyncDispose]();
  folder = undefined;
});

/** Three files, each of which imports the next; the last one is given. */
const chain = (last: string) => ({
  'agent.js': "import './lib/one.js';\n",
  'lib/one.js': "export * from './two.js';\n",
  'lib/two.js': "export * from '../lib/three.js';\n",
  'lib/three.js': last,
});
const CHAIN = ['lib/two.js', 'lib/one.js', 'agent.js'];

// In a folder outside of packages: the places in packages are not those of the user.
test.each([
  {
    fault: 'a throw at the top level',
    files: { 'agent.js': "const a = 1;\n\nthrow new Error('boom');\n" },
    says: 'boom',
    at: 'agent.js:3:7',
  },
  {
    fault: 'a throw three imports deep',
    files: chain("const a = 1;\n  throw new Error('boom');\n"),
    says: 'boom',
    at: 'lib/three.js:2:9',
    by: CHAIN,
  },
  {
    fault: 'a throw in a function that another file calls',
    files: {
      'agent.js': "import { check } from './lib/check.js';\ncheck();\n",
      'lib/check.js': "export function check() {\n  throw new RangeError('no key');\n}\n",
    },
    says: 'no key',
    at: 'lib/check.js:2:9',
    by: ['agent.js'],
  },
  {
    fault: 'a throw in a package that a file calls',
    files: {
      'agent.js': "import './lib.js';\n",
      'lib.js': "import { check } from 'checks';\n  check();\n",
      'node_modules/checks/package.json': '{ "type": "module", "exports": "./index.js" }',
      'node_modules/checks/index.js':
        "export const check = () => {\n  throw new Error('no key');\n};\n",
    },
    says: 'no key',
    at: 'lib.js:2:3',
    by: ['agent.js'],
  },
  {
    fault: 'a throw at the top level of a package',
    files: {
      'agent.js': "import 'broken';\n",
      'node_modules/broken/package.json': '{ "type": "module", "exports": "./index.js" }',
      'node_modules/broken/index.js': "\nthrow new Error('no binary');\n",
    },
    says: 'no binary',
    at: 'node_modules/broken/index.js:2:7',
  },
  {
    fault: 'a syntax error',
    files: { 'agent.js': 'export const a = 1;\nexport const = 2;\n' },
    says: "Unexpected token '='",
    at: 'agent.js:2:14',
  },
  {
    fault: 'a syntax error three imports deep',
    files: chain('const a = 1;\nlet b = ;\n'),
    says: "Unexpected token ';'",
    at: 'lib/three.js:2:9',
    by: CHAIN,
  },
  {
    fault: 'a syntax error in a CommonJS file',
    files: {
      'agent.js':
        "import { createRequire } from 'node:module';\ncreateRequire(import.meta.url)('./old.cjs');\n",
      'old.cjs': 'const a = 1;\nconst = 3;\n',
    },
    says: "Unexpected token '='",
    at: 'old.cjs:2:7',
  },
  {
    fault: 'an export that is not there',
    files: {
      'agent.js': "import './lib.js';\n",
      'lib.js': "import { nope } from './other.js';\n",
      'other.js': 'export const yes = 1;\n',
    },
    says: "The requested module './other.js' does not provide an export named 'nope'",
    at: 'lib.js:1:10',
    by: ['agent.js'],
  },
  {
    fault: 'a file that is not there',
    files: { 'agent.js': "import './lib.js';\n", 'lib.js': "\nimport './gone.js';\n" },
    says: 'Cannot find module',
    at: 'lib.js:2:8',
    by: ['agent.js'],
  },
  {
    fault: 'a package that is not installed',
    files: { 'agent.js': "import 'no-such-package';\n" },
    says: "Cannot find package 'no-such-package'",
    at: 'agent.js:1:8',
  },
])('$fault is reported with file, line and column', async ({ files, says, at, by = [] }) => {
  const here = await ModuleFolder.of(files, tmpdir());
  folder = here;
  const { message, cause } = await failureOf(here.of('agent.js'));
  const where = [here.of(at), ...by.map((file) => `imported by ${here.of(file)}`)].join(', ');
  expect(message).toContain(says);
  expect(message.endsWith(` (at ${where})`), message).toBe(true);
  expect(cause).toBeInstanceOf(Error);
});

test.each([
  { thrown: "'just a text'", says: 'just a text' },
  { thrown: 'undefined', says: 'undefined was thrown' },
  { thrown: "Object.assign(new Error('bare'), { stack: undefined })", says: 'bare' },
])('a thrown value without a place stays as it is: $thrown', async ({ thrown, says }) => {
  folder = await ModuleFolder.of({ 'agent.js': `throw ${thrown};\n` }, tmpdir());
  expect((await failureOf(folder.of('agent.js'))).message).toBe(says);
});

test('a path below the current directory is shown as seen from there', async () => {
  folder = await ModuleFolder.of({}, process.cwd());
  const file = folder.of('lib.js');
  const error = Object.assign(new Error('boom'), { stack: `Error: boom\n    at ${file}:3:7` });
  const entry = folder.of('agent.js');
  const { message } = await explainImport(error, entry, new Map([[entry, [file]]]));
  const [near, by] = [file, entry].map((path) => relative(process.cwd(), path));
  expect(message).toBe(`boom (at ${near}:3:7, imported by ${by})`);
});

const NEVER = 'await new Promise(() => {});\n';

test.each([
  { what: 'the file itself', files: { 'agent.js': NEVER }, waits: ['agent.js'] },
  { what: 'a file three imports deep', files: chain(NEVER), waits: ['lib/three.js'] },
  {
    what: 'two of several files',
    files: {
      'agent.js': "import './a.js';\nimport './b.js';\nimport './c.js';\n",
      'a.js': NEVER,
      'b.js': "import './c.js';\n",
      'c.js': NEVER,
    },
    waits: ['a.js', 'c.js'],
  },
  {
    what: 'a file whose imports are loaded',
    files: {
      'agent.js': "import './db.js';\n",
      'db.js': `import './done.js';\n${NEVER}`,
      'done.js': 'await 1;\n',
    },
    waits: ['db.js'],
  },
])('an import waits for $what', async ({ files, waits }) => {
  const here = await ModuleFolder.of(files, tmpdir());
  folder = here;
  void import(pathToFileURL(here.of('agent.js')).href);
  expect(await filesWaitedFor(here.of('agent.js'))).toEqual(waits.map((name) => here.of(name)));
});
