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
}
