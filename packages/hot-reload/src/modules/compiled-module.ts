/** One local file, compiled to the body of an async function. Plain data: it can be sent to another process. */
export interface CompiledModule {
  /** Absolute path of the source, with symbolic links resolved. */
  readonly path: string;
  /** The body of the function, with its source map inline. */
  readonly code: string;
  /** Absolute paths of the local files that it imports by `import … from`, in their order. */
  readonly imports: readonly string[];
  /** Absolute paths of the local files that it imports by `import()`. */
  readonly dynamicImports: readonly string[];
  /** Whether it is CommonJS: its default export is `module.exports`. */
  readonly commonjs: boolean;
  /** Changes when the code does. */
  readonly hash: string;
}

/** All local files that some entries import, directly and indirectly, by their path. */
export type ModuleGraph = ReadonlyMap<string, CompiledModule>;
