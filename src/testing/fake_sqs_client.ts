import type { SqsClientLike } from "../sqs_client_like.ts";
import { noAnswer, requestError } from "./answer.ts";
import { type DelayedMessage, FakeQueues, type MovedMessage } from "./fake_queues.ts";
import {
  type CheckedFakeSqsClientOptions,
  checkFakeSqsClientOptions,
  type FakeSqsClientOptions,
} from "./fake_sqs_client_options.ts";
import { Faults } from "./fault.ts";
import { type FakeSqsRequest, readCommand } from "./request.ts";

/**
 * Stands for the SQS client in a test, and says what it was asked. Its lists grow as it is asked.
 *
 * @category Testing
 */
export interface FakeSqsClient extends SqsClientLike {
  /** The ids of the messages that were deleted, in that order, each once. */
  readonly deleted: readonly string[];
  /** The messages that another queue accepted, in that order. */
  readonly moved: readonly MovedMessage[];
  /** The messages that got another visibility timeout, in that order. */
  readonly delayed: readonly DelayedMessage[];
  /** Everything that was asked, in that order and as it was sent, whatever the answer was. */
  readonly requests: readonly FakeSqsRequest[];
  /**
   * Answers a command of `@aws-sdk/client-sqs`.
   *
   * @param command The command.
   * @param options The signal that ends a request without an answer.
   * @returns What SQS answers. Rejects with a `TypeError` for a command that the library does not use.
   */
  send(
    command: { readonly input: object },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<unknown>;
  /**
   * The same without a promise, for plain `using`.
   *
   * @param command The command.
   * @returns What SQS answers.
   * @throws {TypeError} If the library does not use such a command.
   */
  sendSync(command: { readonly input: object }): unknown;
}

/**
 * Makes a client that stands for SQS in a test: `withSqsBatch(handler, { client })`. It needs no server, no
 * credentials and no second thread, under plain `using` too.
 *
 * - It answers as SQS does, entry by entry. A receipt handle that it does not know is refused: it knows
 *   those of {@linkcode createSqsRecord} and of `records`.
 * - It knows the four actions that the library uses, and rejects any other command.
 * - What goes wrong at SQS is listed in `faults`.
 * - Make one for each test: what it was asked is kept for as long as it lives.
 *
 * @category Testing
 *
 * @param options The dead-letter queue, further records, and what goes wrong.
 * @returns The client.
 * @throws {TypeError} If an option does not exist or is of the wrong type, if two of `records` have the
 * same receipt handle, or if a fault has members without effect.
 * @throws {RangeError} If a fault's `times` is not an integer of at least 1.
 *
 * @example A message that can never succeed is moved
 * ```ts
 * import { withSqsBatch } from "@partial-batch/sqs";
 * import {
 *   createFakeSqsClient,
 *   createLambdaContext,
 *   createSqsEvent,
 * } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const client = createFakeSqsClient({ deadLetterQueue: "orders-dlq" });
 * const handler = withSqsBatch((record) => JSON.parse(record.body), {
 *   client,
 *   nonRetryable: { when: [SyntaxError] },
 * });
 *
 * const event = createSqsEvent(["no JSON"]);
 * await handler(event, createLambdaContext());
 *
 * assert.deepEqual(client.moved, [{
 *   messageId: event.Records[0]?.messageId,
 *   queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/orders-dlq",
 * }]);
 * ```
 *
 * @example SQS refuses to delete a message
 * ```ts
 * import { SQSBatchProcessingError, withSqsBatch } from "@partial-batch/sqs";
 * import {
 *   createFakeSqsClient,
 *   createLambdaContext,
 *   createSqsRecord,
 * } from "@partial-batch/sqs/testing";
 * import assert from "node:assert/strict";
 *
 * const client = createFakeSqsClient({
 *   faults: [{ kind: "refuse", action: "DeleteMessageBatch", messageIds: ["m1"] }],
 * });
 * const handler = withSqsBatch((record) => JSON.parse(record.body), { client });
 *
 * const Records = [
 *   createSqsRecord({ messageId: "m1" }),
 *   createSqsRecord({ messageId: "m2", body: "no JSON" }),
 * ];
 * await assert.rejects(handler({ Records }, createLambdaContext()), (error) => {
 *   assert(error instanceof SQSBatchProcessingError);
 *   assert.equal(error.undeleted[0]?.reason, "ReceiptHandleIsInvalid");
 *   return true;
 * });
 * ```
 */
export function createFakeSqsClient(options: FakeSqsClientOptions = {}): FakeSqsClient {
  return new FakeClient(checkFakeSqsClientOptions(options));
}

/** How often the client of the AWS SDK sends a request by default: `maxAttempts`. */
const MAX_ATTEMPTS = 3;

/** What stands for an answer that never comes. */
const NO_ANSWER = Symbol("no answer");

class FakeClient implements FakeSqsClient {
  readonly requests: FakeSqsRequest[] = [];
  readonly #queues: FakeQueues;
  readonly #faults: Faults;

  constructor({ deadLetterQueue, messageIds, faults }: CheckedFakeSqsClientOptions) {
    this.#queues = new FakeQueues(messageIds, deadLetterQueue);
    this.#faults = new Faults(faults);
  }

  get deleted(): readonly string[] {
    return this.#queues.deleted;
  }

  get moved(): readonly MovedMessage[] {
    return this.#queues.moved;
  }

  get delayed(): readonly DelayedMessage[] {
    return this.#queues.delayed;
  }

  async send(
    command: { readonly input: object },
    { abortSignal }: { readonly abortSignal?: AbortSignal } = {},
  ): Promise<unknown> {
    const answer = this.#request(command);
    if (answer !== NO_ANSWER) return answer;
    return await new Promise((_, reject) => {
      const abort = () => reject(abortSignal?.reason);
      if (abortSignal?.aborted) abort();
      else abortSignal?.addEventListener("abort", abort, { once: true });
    });
  }

  sendSync(command: { readonly input: object }): unknown {
    const answer = this.#request(command);
    if (answer === NO_ANSWER) throw noAnswer();
    return answer;
  }

  /** Repeats what is throttled or fails, as the SDK's client does, but without a pause. */
  #request(command: { readonly input: object }): unknown {
    const request = readCommand(command);
    const messageIds = this.#queues.messageIdsIn(request, command);
    for (let attempt = 1;; attempt++) {
      this.requests.push(request);
      const { whole, byMessageId } = this.#faults.take(request.action, messageIds);
      if (whole?.kind === "hang") return NO_ANSWER;
      if (!whole) return this.#queues.answer(request, messageIds, byMessageId);
      if (whole.kind === "refuse" || attempt === MAX_ATTEMPTS) throw requestError(whole);
    }
  }
}
