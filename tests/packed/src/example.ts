import ts from 'typescript-api';

/**
 * The first TypeScript block after `<!-- example: name -->`, as JavaScript. Throws when the marker
 * is missing, when another marker comes before a block does, or when the block is never closed.
 */
export function exampleIn(markdown: string, name: string): string {
  return withoutTypes(sourceIn(markdown, name));
}

/** The same as it is written. */
export function sourceIn(markdown: string, name: string): string {
  const text = markdown.replaceAll('\r\n', '\n');
  const marker = `<!-- example: ${name} -->`;
  const at = text.indexOf(marker);
  if (at === -1) throw new Error(`there is no "${marker}"`);
  const [section = ''] = text.slice(at + marker.length).split('<!-- example:', 1);
  // A fence of more backticks may hold one of fewer: the closing one is as long as the opening one.
  const block = /^(`{3,})ts\b[^\n]*\n([\s\S]*?)^\1$/m.exec(section);
  if (block?.[2] === undefined) throw new Error(`no \`\`\`ts block follows "${marker}"`);
  return block[2];
}

/** What remains of TypeScript when its types are taken away: a module for Node 20. */
function withoutTypes(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  }).outputText;
}
