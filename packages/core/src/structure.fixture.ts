import { basename, posix } from 'node:path';
import ts from 'typescript-api';

/** The rules of a layout. Files are named by their path from `src`, with `/`. */
export interface Rules {
  /** The rooms, level by level: a room may import from those of the levels before its own. */
  readonly rooms: readonly (readonly string[])[];
  /** The entries of the package: what follows its name in an import, and the file. */
  readonly entries: Readonly<Record<string, string>>;
  /** Imports that go the other way, `from > to`. */
  readonly exceptions: ReadonlySet<string>;
  /** The most lines of a file. */
  readonly maxLines: number;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

const PACKAGE = '@openrtc/core';

/** Source files, held to the rules. Each method returns what breaks one of them. */
export class Layout {
  readonly #files: ReadonlyMap<string, string>;
  readonly #rules: Rules;
  readonly #imports: ReadonlyMap<string, readonly string[]>;

  /** @param files - each file with its text */
  constructor(files: ReadonlyMap<string, string>, rules: Rules) {
    this.#files = files;
    this.#rules = rules;
    this.#imports = new Map(
      [...files].map(([file, text]) => [file, [...new Set(this.#targets(file, text))]]),
    );
  }

  /** The rooms that have a file. */
  get rooms(): readonly string[] {
    return [...new Set([...this.#files.keys()].map(roomOf).filter((room) => room !== ''))];
  }

  /** Files that are in no room and are no entry: they could re-export a room's module to another room. */
  strays(): readonly string[] {
    const entries = Object.values(this.#rules.entries);
    return [...this.#files.keys()].filter((file) => roomOf(file) === '' && !entries.includes(file));
  }

  /** Imports of files that are not there, or that only tests import. */
  missing(): readonly string[] {
    return this.#shown(({ to }) => !this.#files.has(to));
  }

  /** Imports against the flow, and of entries by rooms. Entries may import everything. */
  upward(): readonly string[] {
    const goesUp = ({ from, to }: Import) =>
      roomOf(from) !== '' &&
      roomOf(from) !== roomOf(to) &&
      (roomOf(to) === '' || this.#levelOf(to) >= this.#levelOf(from));
    return this.#shown(goesUp).filter((each) => !this.#rules.exceptions.has(each));
  }

  /** Exceptions that nothing uses. */
  unneeded(): readonly string[] {
    const all = this.#shown(() => true);
    return [...this.#rules.exceptions].filter((each) => !all.includes(each));
  }

  /** Each file that imports itself by way of others, with the way. */
  circles(): readonly string[] {
    const found: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, way: readonly string[]): void => {
      const at = way.indexOf(file);
      if (at >= 0) found.push([...way.slice(at), file].join(' > '));
      if (at >= 0 || done.has(file)) return;
      for (const to of this.#imports.get(file) ?? [])
        if (!this.#rules.exceptions.has(shown({ from: file, to }))) visit(to, [...way, file]);
      done.add(file);
    };
    for (const file of this.#files.keys()) visit(file, []);
    return found;
  }

  /** Files with too many lines. */
  long(): readonly string[] {
    return [...this.#files]
      .map(([file, text]) => [file, text.replace(/\n$/, '').split('\n').length] as const)
      .filter(([, lines]) => lines > this.#rules.maxLines)
      .map(([file, lines]) => `${file}: ${lines}`);
  }

  /** Names that two files have. Upper and lower case are one: so it is on the disks of many. */
  twins(): readonly string[] {
    const names = [...this.#files.keys()]
      .map((file) => basename(file).toLowerCase())
      .filter((name) => name !== 'index.ts');
    return names.filter((name, at) => names.indexOf(name) !== at);
  }

  #shown(matches: (each: Import) => boolean): readonly string[] {
    return [...this.#imports]
      .flatMap(([from, targets]) => targets.map((to) => ({ from, to })))
      .filter(matches)
      .map(shown);
  }

  #targets(file: string, text: string): readonly string[] {
    return specifiersOf(file, text).flatMap((specifier) => {
      if (/^\.{1,2}(\/|$)/.test(specifier))
        return [posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')];
      if (specifier !== PACKAGE && !specifier.startsWith(`${PACKAGE}/`)) return [];
      return [this.#rules.entries[specifier.slice(PACKAGE.length)] ?? specifier];
    });
  }

  #levelOf(file: string): number {
    return this.#rules.rooms.findIndex((level) => level.includes(roomOf(file)));
  }
}

/** What a source imports, in code and in types, as it is written there. */
export function specifiersOf(file: string, text: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require');
  return loads ? node.arguments[0] : undefined;
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '';
}

function shown({ from, to }: Import): string {
  return `${from} > ${to}`;
}
