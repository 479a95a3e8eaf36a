import type { Logger } from './logger.js';

/** A log that can be read and waited for, for tests. */
export class LogBook implements Logger {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] =
    [];
  #waiting: (() => void)[] = [];

  debug = (fields: object, message: string) => this.#write('debug', fields, message);
  info = (fields: object, message: string) => this.#write('info', fields, message);
  warn = (fields: object, message: string) => this.#write('warn', fields, message);
  error = (fields: object, message: string) => this.#write('error', fields, message);
  child = () => this;

  has(text: string): boolean {
    return this.lines.some(({ message }) => message.includes(text));
  }

  /** The messages of one level that match. */
  matching(level: string, pattern: RegExp): string[] {
    return this.lines
      .filter((line) => line.level === level && pattern.test(line.message))
      .map(({ message }) => message);
  }

  /** Does something in the tick in which a line is written. */
  when<T>(text: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      const look = () => (this.has(text) ? resolve(work()) : void this.#waiting.push(look));
      look();
    });
  }

  async until(text: string): Promise<void> {
    while (!this.has(text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #write(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields, message });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
