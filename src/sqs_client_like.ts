/**
 * An SQS client of AWS SDK for JavaScript v3, as far as the library uses it.
 *
 * A structural type: smithy's client class has a private member, so the clients of two copies of the
 * SDK in one `node_modules` are of different types, and `instanceof` fails between them.
 */
export interface SqsClientLike {
  /** Sends a command of `@aws-sdk/client-sqs`. */
  send(
    command: { readonly input: object },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<unknown>;
}
