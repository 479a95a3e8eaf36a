import { describe, expect, it } from 'vitest';
import { exampleIn } from './example.js';
import { pageWith } from './pages.js';

const markdown = `# Project

\`\`\`ts
const first: string = 'not marked';
\`\`\`

<!-- example: quickstart -->

\`\`\`sh
npm install
\`\`\`

\`\`\`ts main.ts
import { type A, b } from 'b';
const answer: number = b satisfies A;
\`\`\`

\`\`\`ts
const later = true;
\`\`\`

<!-- example: no-code -->

Only words.

<!-- example: other -->

\`\`\`\`ts
const fence = '\`\`\`';
\`\`\`\`
`;

describe('exampleIn', () => {
  it('takes the first TypeScript block after the marker, without its types', () => {
    expect(exampleIn(markdown, 'quickstart')).toBe("import { b } from 'b';\nconst answer = b;\n");
  });

  it('reads a file with Windows line ends', () => {
    const windows = markdown.replaceAll('\n', '\r\n');
    expect(exampleIn(windows, 'quickstart')).toContain('const answer = b;');
  });

  it('leaves shorter fences inside a longer one alone', () => {
    expect(exampleIn(markdown, 'other')).toBe("const fence = '```';\n");
  });

  it('does not take the block of another example', () => {
    expect(() => exampleIn(markdown, 'no-code')).toThrow('no ```ts block');
  });

  it('says which marker is missing', () => {
    expect(() => exampleIn(markdown, 'elsewhere')).toThrow('<!-- example: elsewhere -->');
  });
});

describe('pageWith', () => {
  it('finds the page that has the example', () => {
    expect(pageWith(['# Another page', markdown], 'quickstart')).toBe(markdown);
  });

  it('does not choose between two pages, and says which example is missing', () => {
    expect(() => pageWith([markdown, markdown], 'quickstart')).toThrow('2 pages have');
    expect(() => pageWith([markdown], 'elsewhere')).toThrow(
      '0 pages have "<!-- example: elsewhere -->"',
    );
  });
});
