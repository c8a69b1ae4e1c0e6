import type fc from 'fast-check';
import { code, type Json, toJson } from '../notation.js';

/** Keeps which commands have been run, in order. */
export interface CommandLog {
  readonly executed: AnyCommand[];
}

/** A command of any suite. */
export interface AnyCommand<
  Model extends object = object,
  Subject extends CommandLog = CommandLog,
> extends fc.AsyncCommand<Model, Subject> {
  /** A line of code. */
  toString(): string;
  /** `[kind, ...arguments]` */
  toJSON(): Json;
}

/**
 * A command for `fc.commands`. It is a kind and arguments: from these come its JSON, and its line of code, which can be
 * pasted below the lines that a counterexample begins with.
 */
export abstract class Command<
  Model extends object,
  Subject extends CommandLog,
  Arguments extends readonly unknown[],
> implements AnyCommand<Model, Subject> {
  /** Its name in JSON. */
  abstract readonly kind: string;
  protected readonly args: Arguments;

  constructor(...args: Arguments) {
    this.args = args;
  }

  /** Whether it makes sense in this state. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- for those that override it
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, subject: Subject): Promise<void> {
    subject.executed.push(this);
    await this.execute(model, subject);
  }

  /** Does it to both, and compares what they say. */
  protected abstract execute(model: Model, subject: Subject): void | Promise<void>;

  abstract toString(): string;

  toJSON(): Json {
    return [this.kind, ...this.args.map(toJson)];
  }

  /** The arguments from the n-th on as code, without those at the end that are undefined. */
  protected code(from = 0): string {
    const last = this.args.findLastIndex((value) => value !== undefined);
    return this.args
      .slice(from, last + 1)
      .map(code)
      .join(', ');
  }
}
