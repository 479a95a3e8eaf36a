import { cp, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript-api';

/** The strictest settings a user may have. */
const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  skipLibCheck: false,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  noEmit: true,
};

const userCode = fileURLToPath(new URL('user-code', import.meta.url));

/**
 * Compiles the modules of `user-code` in a project, against the types of the packages that are installed there.
 * @returns the errors in those modules and in the types of OpenRTC, one line each. Errors in types of other packages
 * are left out: those of `@livekit/agents` need packages it does not install.
 */
export async function compileUserCode(project: string): Promise<readonly string[]> {
  const folder = join(project, 'user-code');
  await cp(userCode, folder, { recursive: true });
  const files = (await readdir(folder)).map((name) => join(folder, name));
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => project;
  const program = ts.createProgram(files, options, host);
  return ts.getPreEmitDiagnostics(program).flatMap((diagnostic) => {
    const at = diagnostic.file === undefined ? '' : relative(project, diagnostic.file.fileName);
    const path = at.split(sep).join('/');
    const ofOthers = path.includes('node_modules/') && !path.includes('node_modules/@openrtc/');
    if (ofOthers) return [];
    const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? -1;
    return [`${path}:${line + 1} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`];
  });
}
