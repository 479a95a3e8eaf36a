import { type ChokidarOptions, type FSWatcher, watch } from 'chokidar';
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

// An editor that saves writes a file in several steps, and a checkout writes hundreds of files.
const QUIET_MS = 100;
// While files keep changing, as under a formatter that never ends.
const MAX_WAIT_MS = 1_000;
// How often a folder that is gone is looked for.
const LOOK_MS = 500;
// How exactly a file system may note when a file has changed.
const FILE_TIME_MS = 100;

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
  /** The folders, with what tells one from another that was made in its place; undefined while there is none. */
  readonly #watched = new Map<string, string | undefined>();
  /** When the files of a folder were read for the first time, before it was watched. */
  readonly #readAt = new Map<string, number>();
  #looking: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #since: number | undefined;
  #ofOthers = false;
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  /** Starts to watch. */
  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#folders = this.#watch({ depth: 0, ignoreInitial: false }, (path, stat) => {
      const matters = options.files().includes(path) || options.isNew(path);
      // A watch begins with all files that are there.
      if (matters && !this.#isOld(path, stat)) this.#changed(false);
    });
    // Files that were written just before do not count as changed.
    this.follow(Date.now() + FILE_TIME_MS);
    if (options.others.length > 0) {
      this.#others = this.#watch({}, () => this.#changed(true));
      this.#others.add([...options.others]);
    }
  }

  /**
   * Watches the folders of files that have come since, and those that were deleted and made again.
   * @param readAt - when the files were read, in ms since 1970. Default: now
   */
  follow(readAt = Date.now()): void {
    clearTimeout(this.#looking);
    let gone = false;
    let again = false;
    for (const folder of new Set(this.#options.files().map((file) => dirname(file)))) {
      const known = this.#watched.has(folder);
      const before = this.#watched.get(folder);
      const now = identityOf(folder);
      this.#watched.set(folder, now);
      gone ||= now === undefined;
      if (now === undefined || now === before) continue;
      // The watch of a folder that was deleted stays with that one.
      if (known) this.#folders.unwatch(folder);
      this.#folders.add(folder);
      this.#readAt.set(folder, readAt);
      again ||= known;
    }
    if (gone) this.#looking = setTimeout(() => this.follow(), LOOK_MS).unref();
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

  #watch(how: ChokidarOptions, onPath: (path: string, stat: Stats | undefined) => void): FSWatcher {
    const watcher = watch([], {
      ignoreInitial: true,
      ...how,
      ignored: /[\\/](?:node_modules|\.git)(?:[\\/]|$)/,
    });
    watcher.on('all', (event, path, stat) => {
      if (event === 'add' || event === 'change' || event === 'unlink') onPath(path, stat);
    });
    watcher.on('error', this.#options.onError);
    return watcher;
  }

  /** Whether a file is as it was when the files were read, before its folder was watched. */
  #isOld(path: string, stat: Stats | undefined): boolean {
    const since = this.#readAt.get(dirname(path));
    return since !== undefined && stat !== undefined && stat.ctimeMs < since - FILE_TIME_MS;
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
        readAt = Date.now();
        return this.#closed ? undefined : this.#options.onChange(others);
      })
      .catch(this.#options.onError)
      .then(() => (this.#closed ? undefined : this.follow(readAt)))
      .catch(this.#options.onError);
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
