import type { Context, SQSEvent } from "aws-lambda";
import { ignoreRejection, isThenable } from "../internal/promises.ts";
import type { InvokedHandler } from "./options.ts";

/** What a handler answers: by its promise, by what it returns, or by the callback if it takes one. */
export function answerOf(
  handler: InvokedHandler,
  event: SQSEvent,
  context: Context,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const returned = handler(event, context, (error, result) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error);
    });
    if (isThenable(returned) || handler.length < 3) {
      // Whoever answers first wins; the other must not become an unhandled rejection.
      ignoreRejection(returned);
      resolve(returned);
    }
  });
}

/**
 * A response as Lambda gets it: JSON, `null` if there is none.
 *
 * @throws If JSON cannot express it, such as a `BigInt`.
 */
export function responseJson(response: unknown): string {
  return JSON.stringify(response) ?? "null";
}
