import type { SQSRecord } from "aws-lambda";
import { ignoreRejection, isThenable } from "../internal/promises.ts";
import type { Outcome, RecordContext } from "../types.ts";
import type { Clock } from "./clock.ts";

/**
 * What a batch asks of its processor: all that stands between the two. Behind it are the processor's
 * public hooks and, for a `PartialSQSProcessor`, its steps at SQS.
 */
export interface Hooks<TResult> {
  /** `_prepare` */
  prepare(): void | Promise<void>;
  /** `_processRecord`; missing where it is the default one, `handleRecord()`. */
  readonly processRecord: OutcomeHook<TResult, RecordContext> | undefined;
  /** `successHandler`; missing where it is the default one. */
  readonly successHandler: OutcomeHook<TResult, TResult> | undefined;
  /** `failureHandler`; missing where it is the default one. */
  readonly failureHandler: OutcomeHook<never, unknown> | undefined;
  /** `_clean` */
  clean(): void | Promise<void>;
  /** Whether `_clean` is an `async` function, which plain `using` cannot wait for. */
  isCleanAsync(): boolean;
  /** What the processor does at SQS; missing where it does nothing there. */
  readonly steps: Steps | undefined;
}

/** A hook that makes an outcome. Declared as a method, so that a `Batch<T>` is assignable to `Batch`. */
export type OutcomeHook<TResult, TGiven> = {
  hook(record: SQSRecord, given: TGiven): Outcome<TResult> | Promise<Outcome<TResult>>;
}["hook"];

/** What a processor does at SQS for one batch. Each step reports by itself what SQS did not confirm. */
export interface Steps {
  /**
   * Deletions are certain or likely (the deadline is in sight): loads in the background what they need.
   */
  expectFailure(): void;
  /** Finds out whether Lambda reads a response. Answers at once if it knows; never rejects. */
  verify(): Verdict | Promise<Verdict>;
  /** The deadline is near: deletes in the background what is handled so far. Never throws. */
  deleteEarly(): void;
  /**
   * Decides what becomes of failures: gives what takes the place of each, in the same order. Missing
   * where every failure stays one.
   */
  readonly settle?: (failures: readonly IndexedFailure[]) => Promise<readonly Outcome<never>[]>;
  /** Missing where no message is a suspect. */
  readonly isolation?: Isolation;
  /** Ends `process()`: every record has its outcome. */
  finish(): Promise<void> | void;
  /** Deletes what was handled, if not all was: before it returns under plain `using`. */
  deleteHandled(): Promise<void> | void;
  /** Deletes the messages of some outcomes. */
  deleteMessages(outcomes: readonly Outcome[]): Promise<void>;
  /**
   * `_clean` has run: waits for what it started and did not wait for, then reports what nobody tried to
   * delete.
   */
  afterClean(): Promise<void> | void;
  /** Reports the handled messages that are not deleted. */
  reportKept(reason: string): void;
  /** The records whose messages SQS has confirmed to be deleted. */
  deletedIndexes(): readonly number[];
}

/** How messages that may end the process are kept from taking the others with them. */
export interface Isolation {
  /** The receive count from which on a message is a suspect. */
  readonly suspectAfter: number;
  /**
   * Deletes what is handled so far: the next suspect is about to start. Settles once SQS has answered,
   * or the time for it is over. Never rejects.
   */
  deleteHandled(): Promise<void>;
}

/** What is known of the event source mappings that invoke a function. */
export interface Verdict {
  /** Why Lambda may not read a partial batch response; `undefined` if it certainly does. */
  readonly doubt: string | undefined;
}

/** A failure and the index of its record. */
export interface IndexedFailure {
  readonly index: number;
  readonly error: unknown;
}

/** Calls what runs at the end of a batch, and keeps for the close what went wrong there or before. */
export class HookCalls {
  readonly #clock: Clock;
  readonly #errors: unknown[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was thrown, as the close throws it; `undefined` if nothing was. */
  get thrown(): { readonly error: unknown } | undefined {
    const [error, ...more] = this.#errors;
    if (this.#errors.length === 0) return undefined;
    if (more.length === 0) return { error };
    return { error: new AggregateError(this.#errors, "Several hooks of the processor threw") };
  }

  /** Keeps an error. */
  keep(error: unknown): void {
    this.#errors.push(error);
  }

  /** Calls a hook. Gives a promise, which never rejects, only if there is something to wait for. */
  call(name: string, hook: () => void | Promise<void>): Promise<void> | void {
    try {
      const given = hook();
      if (!isThenable(given)) return;
      return this.#clock.waitForHook(name, given).catch((error) => this.keep(error));
    } catch (error) {
      this.keep(error);
    }
  }

  /** Calls `_clean` under plain `using`, which cannot wait. Never throws. */
  callBlocking(clean: () => unknown): void {
    try {
      const given = clean();
      if (!isThenable(given)) return;
      ignoreRejection(given);
      throw new TypeError(
        "Cannot wait for _clean() of the processor: it returned a promise under `using`; use " +
          "`await using`",
      );
    } catch (error) {
      this.keep(error);
    }
  }
}
