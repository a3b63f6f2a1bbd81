import type { SQSEvent } from "aws-lambda";
import type { ContextOptions } from "../internal/lambda_context.ts";

/** The member that holds a report of ours: a handler may send its parent messages of its own. */
export const OURS = "partialBatchReport";

/** What the command asks of the handler's process. */
export type Request =
  | { readonly type: "load"; readonly url: string; readonly exportName: string }
  | {
    readonly type: "invoke";
    readonly id: string;
    readonly event: SQSEvent;
    readonly context: ContextOptions;
  };

/** An error, as it crosses processes. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What the handler's process says. */
export type Report =
  | { readonly type: "ready" }
  /** The handler cannot be loaded. `isUsage` says that the user named something that is not there. */
  | { readonly type: "unusable"; readonly isUsage: boolean; readonly reason: string }
  | { readonly type: "returned"; readonly id: string; readonly json: string }
  | { readonly type: "threw"; readonly id: string; readonly error: SentError }
  | HandlerEvent;

/** What the library's channels tell of, in the handler's process. */
export type HandlerEvent =
  | {
    readonly type: "record";
    readonly messageId: string;
    readonly durationMs: number | undefined;
    /** The first line of what the record handler threw, or why the record was not handled. */
    readonly error: string | undefined;
  }
  | {
    readonly type: "request";
    readonly action: string;
    readonly messageIds: readonly string[];
    /** Whether SQS confirmed all of it. */
    readonly isConfirmed: boolean;
  };
