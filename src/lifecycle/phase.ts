import type { UnprocessedReason } from "../types.ts";
import type { CloseFailure } from "./close.ts";

/** How a batch is held: what its scope will close it with. */
export type Hold = "using" | "await using";

/** Which disposers were read while the batch was opened. */
export type Disposers = Readonly<Record<Hold, boolean>>;

/**
 * Where a batch is in its life, with all that belongs to that phase; ARCHITECTURE.md has the diagram.
 * Only plain `using`, whose end cannot wait, goes from `processing` straight to `closing`.
 */
export type Phase =
  | { readonly name: "opened"; readonly disposers: Disposers; readonly responseRead: boolean }
  | {
    readonly name: "processing";
    readonly disposers: Disposers;
    /** Settles when `process()` has ended; missing while its first synchronous part runs. */
    readonly ended?: Promise<unknown>;
  }
  | {
    readonly name: "processed" | "prepare-failed";
    readonly disposers: Disposers;
    readonly responseRead: boolean;
  }
  | {
    readonly name: "closing";
    readonly disposers: Disposers;
    readonly responseRead: boolean;
    /** The phase it was closed in. */
    readonly from: "opened" | "processing" | "processed" | "prepare-failed";
    /** Settles when the batch is closed; missing while a close cannot be waited for. */
    readonly ended?: Promise<void>;
  }
  | {
    readonly name: "closed";
    readonly disposers: Disposers;
    /** What the close throws, if anything. */
    readonly failure: CloseFailure | undefined;
  };

/** A phase by its name. */
export type PhaseNamed<TName extends Phase["name"]> = Extract<Phase, { readonly name: TName }>;

/** The first phase of every batch. */
export const OPENED: Phase = {
  name: "opened",
  disposers: { "using": false, "await using": false },
  responseRead: false,
};

/**
 * How the batch is held, or `undefined` if nobody will close it.
 *
 * Only an inspector reads both disposers; then either may be called, and the batch must be ready for
 * the one that cannot wait.
 */
export function holdOf({ disposers }: Phase): Hold | undefined {
  if (disposers.using) return "using";
  return disposers["await using"] ? "await using" : undefined;
}

/** Why a record has no outcome in a phase. */
export function unprocessedReason({ name }: Phase): UnprocessedReason {
  switch (name) {
    case "opened":
      return "process-not-called";
    case "prepare-failed":
      return "prepare-failed";
    default:
      return "process-running";
  }
}

/** A disposer was read. It decides how the batch is held while it is opened, and nothing later. */
export function readDisposer(phase: Phase, hold: Hold): Phase {
  if (phase.name !== "opened" || phase.disposers[hold]) return phase;
  const { disposers, responseRead } = phase;
  return {
    name: "opened",
    disposers: {
      "using": hold === "using" || disposers.using,
      "await using": hold === "await using" || disposers["await using"],
    },
    responseRead,
  };
}

/**
 * A disposer was called. The scope calls the one it read at the declaration; any other is called by
 * hand, maybe by a handler or hook of the same batch, which must not close it or wait for it.
 *
 * @throws {Error} If the batch is not held by it, or if it is called by hand while `process()` is
 * running or while the batch is closing.
 */
export function checkDisposer(phase: Phase, hold: Hold, isOfScope: boolean): void {
  if (!phase.disposers[hold]) {
    const name = hold === "using" ? "[Symbol.dispose]" : "[Symbol.asyncDispose]";
    throw new Error(
      `Cannot close the batch with ${name}(): it is held by \`${holdOf(phase)}\`; call close()`,
    );
  }
  if (isOfScope) return;
  if (phase.name === "processing") throw isProcessing();
  if (phase.name === "closing") throw isClosing();
}

/**
 * `process()` was called.
 *
 * @throws {Error} If it was called before, or if the batch is closed or not held.
 */
export function startProcessing(phase: Phase): Phase {
  if (phase.name === "closing" || phase.name === "closed") {
    throw new Error("Cannot process the batch: it is closed");
  }
  if (phase.name !== "opened") {
    throw new Error("Cannot process the batch: process() was called before");
  }
  if (holdOf(phase) === undefined) {
    throw new Error(
      "Cannot process the batch: nobody would close it, and Lambda would delete its failed " +
        "messages; declare it with `await using` or `using`, or call processor.run() or " +
        "withSqsBatch()",
    );
  }
  return { name: "processing", disposers: phase.disposers };
}

/** `process()` runs, and can be waited for. */
export function keepProcessing(phase: Phase, ended: Promise<unknown>): Phase {
  if (phase.name !== "processing") return phase;
  return { name: "processing", disposers: phase.disposers, ended };
}

/** `process()` has ended. Changes nothing if plain `using` closed the batch meanwhile. */
export function endProcessing(phase: Phase, name: "processed" | "prepare-failed"): Phase {
  if (phase.name !== "processing") return phase;
  return { name, disposers: phase.disposers, responseRead: false };
}

/**
 * Lambda's response was read. If the batch responds, that counts before `process()` is called and after
 * it has ended; in the closing phase only a hook can read it, and Lambda never sees that.
 *
 * @throws {Error} If `process()` is running.
 */
export function readResponse(phase: Phase, responds: boolean): Phase {
  switch (phase.name) {
    case "processing":
      throw new Error("Cannot give a response: process() is still running; await it first");
    case "closing":
    case "closed":
      return phase;
    default:
      if (!responds) return phase;
      return { name: phase.name, disposers: phase.disposers, responseRead: true };
  }
}

/**
 * `close()` was called.
 *
 * @returns Whether there is anything to close.
 * @throws {Error} If the batch is not held, if `process()` is running, or if the batch is closing: a
 * hook or handler must not wait for its own batch.
 */
export function checkClose(phase: Phase): boolean {
  if (holdOf(phase) === undefined) {
    throw new Error(
      "Cannot close the batch: it is not held; declare it with `await using` or `using`, or call " +
        "processor.run() or withSqsBatch()",
    );
  }
  if (phase.name === "processing") throw isProcessing();
  if (phase.name === "closing") throw isClosing();
  return phase.name !== "closed";
}

/**
 * The batch begins to close.
 *
 * @throws {Error} If it is closing already: a hook called its batch's disposer.
 */
export function startClosing(phase: Phase): PhaseNamed<"closing"> {
  if (phase.name === "closing" || phase.name === "closed") throw isClosing();
  const { name: from, disposers } = phase;
  const responseRead = phase.name !== "processing" && phase.responseRead;
  return { name: "closing", disposers, responseRead, from };
}

/** The batch is being closed, and that can be waited for. */
export function keepClosing(phase: Phase, ended: Promise<void>): Phase {
  if (phase.name !== "closing") return phase;
  const { name, disposers, responseRead, from } = phase;
  return { name, disposers, responseRead, from, ended };
}

/**
 * The promise to await for the end of a phase.
 *
 * @throws {Error} If it cannot: a hook, in its first synchronous part, called its batch's disposer.
 */
export function endOf(phase: PhaseNamed<"processing"> | PhaseNamed<"closing">): Promise<unknown> {
  if (phase.ended) return phase.ended;
  throw phase.name === "closing" ? isClosing() : isProcessing();
}

function isClosing(): Error {
  return new Error("Cannot close the batch: it is already closing");
}

function isProcessing(): Error {
  return new Error("Cannot close the batch: process() is still running; await it first");
}

/** The batch is closed: nothing changes any more. */
export function endClosing(
  { disposers }: Phase,
  failure: CloseFailure | undefined,
): PhaseNamed<"closed"> {
  return { name: "closed", disposers, failure };
}
