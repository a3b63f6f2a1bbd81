/**
 * An SQS client of AWS SDK for JavaScript v3, as far as the library uses it.
 *
 * A structural type: smithy's client class has a private member, so the clients of two copies of the
 * SDK in one `node_modules` are of different types, and `instanceof` fails between them.
 *
 * @category Processors
 */
export interface SqsClientLike {
  /**
   * The client's configuration, if it has one. A client of another service does not know this option of
   * SQS, and so is refused by its type.
   */
  readonly config?: {
    /** An option that only SQS clients have. */
    readonly useQueueUrlAsEndpoint?: boolean | undefined;
  };
  /** Sends a command of `@aws-sdk/client-sqs`. */
  send(
    command: { readonly input: object },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<unknown>;
  /**
   * Sends a command as `send()` does, and returns the answer before it returns. Clients of the AWS SDK have
   * no such method; it is for what stands for one in a test, such as `createFakeSqsClient()` of
   * `@partial-batch/sqs/testing`.
   *
   * The end of plain `using`, which cannot wait, calls it where it is there: nothing is signed then, and no
   * worker is started. It counts as the client's answer, so what it does not list in `Successful` is
   * `undeleted`; a promise confirms nothing.
   *
   * @param command A command of `@aws-sdk/client-sqs`.
   * @returns What SQS answers.
   * @throws What `send()` would reject with. An error with the name `TimeoutError` says that there is no
   * answer within the time limit.
   */
  sendSync?(command: { readonly input: object }): unknown;
}
