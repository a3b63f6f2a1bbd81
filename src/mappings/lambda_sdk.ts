import { isObject } from "../internal/shape.ts";
import { shownCode, StepError } from "../sqs/requests/reason.ts";

/** The part of `@aws-sdk/client-lambda` that is used. Its own types are missing where it is not installed. */
export interface LambdaSdk {
  readonly LambdaClient: new (config: {
    readonly region: string;
    readonly maxAttempts: number;
  }) => LambdaClient;
  readonly ListEventSourceMappingsCommand: new (input: {
    readonly EventSourceArn: string;
    readonly Marker?: string;
  }) => object;
}

/** A client of Lambda. */
export interface LambdaClient {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  destroy(): void;
}

/**
 * Loads the AWS SDK's module for Lambda, an optional peer. Rejects with a `StepError` if it is not there.
 *
 * The `try` tells bundlers that it may be missing. The name is put together, because Deno downloads what an
 * `import()` of a plain string names, also where it never runs. In the npm package it is a plain string.
 */
export async function loadLambdaSdk(): Promise<LambdaSdk> {
  try {
    const sdk: LambdaSdk = await import("@aws-sdk/" + "client-lambda");
    return sdk;
  } catch (cause) {
    const { code, name } = isObject(cause) ? cause : {};
    throw new StepError(
      `@aws-sdk/client-lambda could not be loaded (${shownCode(code ?? name)})`,
      { cause },
    );
  }
}
