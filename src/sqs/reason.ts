import { isObject } from "../shape.ts";

/**
 * Says in a few words why a request failed: the error's code or name, and the HTTP status.
 *
 * Never the message: SQS quotes receipt handles, and for a bad signature the signed headers with the
 * session token.
 */
export function reasonOf(error: unknown): string {
  if (!isObject(error)) return "the client threw something that is no error";
  const metadata = isObject(error.$metadata) ? error.$metadata : {};
  const status = metadata.httpStatusCode;
  const name = [error.code, error.name].find((each) => typeof each === "string" && each !== "");
  return `${name ?? "an error without a name"}${
    typeof status === "number" ? ` (HTTP ${status})` : ""
  }`;
}
