import { readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in a source file. Line and column count from 1. */
export interface SourcePlace {
  /** Absolute path. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

const PATH = String.raw`(?:file:\/\/|\/|[A-Za-z]:\\)[^\n]+?`;
// As Node prints an uncaught error: file and line, the line itself, and a caret below the column.
const PRINTED = new RegExp(String.raw`^(${PATH}):(\d+)\n[^\n]*(?:\n( *)\^)?`);
const FRAME = new RegExp(String.raw`^ *at (?:.* \()?(${PATH}):(\d+):(\d+)\)?$`);
// Below these are those who import, not what was imported.
const IMPORT_FRAME = /\b(?:ModuleJob\.run|ModuleLoader\.import|Module\._compile)\b/;
const OF_PACKAGE = /[\\/]node_modules[\\/]/;
// Where a package manager links core into node_modules from elsewhere.
const OF_CORE = fileURLToPath(new URL('.', import.meta.url));

/** The place with which Node printed an error, at the beginning of a text; undefined when there is none. */
export function printedPlace(text: string): SourcePlace | undefined {
  const [, file, line, indent] = PRINTED.exec(text) ?? [];
  if (file === undefined) return undefined;
  return {
    file: pathOf(file),
    line: Number(line),
    ...(indent === undefined ? {} : { column: indent.length + 1 }),
  };
}

/**
 * The place where the import of a module failed: the innermost one in code that is no package, else the innermost one.
 * Undefined for an error without one, such as most syntax errors.
 */
export function failedPlace({ stack = '', message }: Error): SourcePlace | undefined {
  const printed = printedPlace(stack);
  if (printed !== undefined) return printed;
  const [, importer] = / imported from (.+)$/m.exec(message) ?? [];
  if (importer !== undefined) return placeOfImport(pathOf(importer), message);
  const places: SourcePlace[] = [];
  for (const row of stack.split('\n')) {
    const [, file, line, column] = FRAME.exec(row) ?? [];
    if (IMPORT_FRAME.test(row)) break;
    if (file !== undefined && !row.includes('eval at '))
      places.push({ file: pathOf(file), line: Number(line), column: Number(column) });
  }
  const ofUser = ({ file }: SourcePlace) => !OF_PACKAGE.test(file) && !file.startsWith(OF_CORE);
  return places.find(ofUser) ?? places[0];
}

/** `agents/support.js:3:7`; the path as seen from the current directory, if it is below that. */
export function placeText({ file, line, column }: SourcePlace): string {
  return [shortPath(file), line, column].filter((part) => part !== undefined).join(':');
}

/** The path as seen from the current directory if it is below that, else the absolute one. */
export function shortPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith(`..${sep}`) || isAbsolute(near) ? path : near;
}

/** The line of the import that found nothing: Node names only the file. */
function placeOfImport(file: string, message: string): SourcePlace {
  const name = /'([^']+)'/.exec(message)?.[1]?.split(/[\\/]/).at(-1) ?? '';
  try {
    const rows = readFileSync(file, 'utf8').split('\n');
    const pattern = new RegExp(`['"](?:[^'"]*/)?${escaped(name)}['"]`);
    const index = rows.findIndex((row) => pattern.test(row));
    const column = pattern.exec(rows[index] ?? '')?.index;
    if (column !== undefined) return { file, line: index + 1, column: column + 1 };
  } catch {
    // The file has been deleted meanwhile: its name is all there is.
  }
  return { file };
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

function pathOf(fileOrUrl: string): string {
  return fileOrUrl.startsWith('file:') ? fileURLToPath(fileOrUrl) : fileOrUrl;
}
