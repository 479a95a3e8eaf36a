import { type FSWatcher, watch } from 'chokidar';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

// An editor that saves writes a file in several steps, and a checkout writes hundreds of files.
const QUIET_MS = 100;
// While files keep changing, as under a formatter that never ends.
const MAX_WAIT_MS = 1_000;
// How often a folder that is gone is looked for, and how long the watch of a folder takes to begin at most.
const LOOK_MS = 500;
// How exactly a file system may note when a file has changed.
const FILE_TIME_MS = 20;
const IGNORED = /[\\/](?:node_modules|\.git)(?:[\\/]|$)/;

/** Options of {@link FileWatch}. */
export interface FileWatchOptions {
  /** Absolute paths of the files to watch, as they are now. */
  readonly files: () => readonly string[];
  /** Whether a new file in a folder of these files matters. */
  readonly isNew: (path: string) => boolean;
  /** Absolute paths of other files and folders to watch, with all that is in them. */
  readonly others: readonly string[];
  /** Called when something has changed, and has been quiet for a moment. It is not called again before it has settled. */
  readonly onChange: (others: boolean) => Promise<void>;
  /** Called with an error of the watch. */
  readonly onError: (error: unknown) => void;
}

/**
 * Watches files by their folders: an editor that saves with a rename puts another file in the place of the one that was
 * watched.
 */
export class FileWatch implements AsyncDisposable {
  readonly #options: FileWatchOptions;
  readonly #folders: FSWatcher;
  readonly #others: FSWatcher | undefined;
  /** The folders, with what tells one from another that was created in its place; undefined while there is none. */
  readonly #watched = new Map<string, string | undefined>();
  /** Folders whose watch is just beginning, and when their files were read, in ms since 1970. */
  readonly #beginning = new Map<string, number>();
  #looking: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #since: number | undefined;
  #ofOthers = false;
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  /** Starts to watch. */
  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#folders = this.#watch({ depth: 0 }, (path) => {
      if (this.#matters(path)) this.#changed(false);
    });
    // The watch of a folder begins a moment before that of the files in it. What was written before does not count.
    this.follow(Date.now() + FILE_TIME_MS);
    if (options.others.length > 0) {
      this.#others = this.#watch({}, () => this.#changed(true));
      this.#others.add([...options.others]);
    }
  }

  /**
   * Watches the folders of files that have come since, and those that were deleted and created again.
   * @param readAt - when the files were read, in ms since 1970. Default: they cannot have changed since
   */
  follow(readAt?: number): void {
    clearTimeout(this.#looking);
    let gone = false;
    let again = false;
    for (const folder of new Set(this.#options.files().map((file) => dirname(file)))) {
      if (IGNORED.test(folder)) continue;
      const known = this.#watched.has(folder);
      const before = this.#watched.get(folder);
      const now = identityOf(folder);
      this.#watched.set(folder, now);
      gone ||= now === undefined;
      if (now === undefined || now === before) continue;
      // The watch of a folder that was deleted stays with that one.
      if (known) this.#folders.unwatch(folder);
      this.#folders.add(folder);
      again ||= known;
      if (!known && readAt !== undefined) this.#beginning.set(folder, readAt);
    }
    if (gone || this.#beginning.size > 0)
      this.#looking = setTimeout(() => this.#look(), LOOK_MS).unref();
    if (again) this.#changed(false);
  }

  /** Resolves when everything is watched: a change before that may be missed. */
  async ready(): Promise<void> {
    const watchers = [this.#folders, this.#others].filter((each) => each !== undefined);
    await Promise.all(watchers.map(readyOf));
  }

  /** Stops to watch, and waits for what has begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#looking);
    await Promise.all([this.#folders.close(), this.#others?.close(), this.#working]);
  }

  #watch(how: { readonly depth?: number }, onPath: (path: string) => void): FSWatcher {
    const watcher = watch([], {
      ...how,
      ignoreInitial: true,
      ignored: IGNORED,
    });
    watcher.on('all', (event, path) => {
      if (event === 'add' || event === 'change' || event === 'unlink') onPath(path);
    });
    watcher.on('error', this.#options.onError);
    return watcher;
  }

  #look(): void {
    const folders = [...this.#beginning];
    this.#beginning.clear();
    try {
      if (folders.some(([folder, readAt]) => this.#hasChanged(folder, readAt)))
        this.#changed(false);
    } catch (error) {
      // Deleted at this very moment, or no longer readable.
      this.#options.onError(error);
    }
    this.follow();
  }

  #hasChanged(folder: string, since: number): boolean {
    if (identityOf(folder) === undefined) return false;
    const paths = readdirSync(folder).map((name) => join(folder, name));
    return paths.some((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat !== undefined && stat.ctimeMs > since - FILE_TIME_MS && this.#matters(path);
    });
  }

  #matters(path: string): boolean {
    return this.#options.files().includes(path) || this.#options.isNew(path);
  }

  #changed(others: boolean): void {
    this.#ofOthers ||= others;
    this.#since ??= performance.now();
    clearTimeout(this.#quiet);
    const left = MAX_WAIT_MS - (performance.now() - this.#since);
    this.#quiet = setTimeout(() => this.#report(), Math.max(0, Math.min(QUIET_MS, left)));
  }

  #report(): void {
    const others = this.#ofOthers;
    this.#ofOthers = false;
    this.#since = undefined;
    let readAt: number | undefined;
    this.#working = this.#working
      .then(() => {
        this.#beginning.clear();
        readAt = Date.now();
        return this.#closed ? undefined : this.#options.onChange(others);
      })
      .catch(this.#options.onError)
      .then(() => (this.#closed ? undefined : this.follow(readAt)));
  }
}

function readyOf(watcher: FSWatcher): Promise<void> {
  return new Promise((resolve) => watcher.once('ready', resolve));
}

/** Tells a folder from another of its name; undefined when there is none. */
function identityOf(folder: string): string | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stat?.isDirectory() === true ? `${stat.ino} ${stat.birthtimeNs}` : undefined;
}
