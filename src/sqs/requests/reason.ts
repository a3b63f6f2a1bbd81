import { isObject } from "../../internal/shape.ts";
import type { Queue } from "../queue.ts";

/** The reason where the time was over first. */
export const NO_ANSWER = "no answer within the time limit";

/** The name of Deno's error where a permission is missing. */
const DENO_PERMISSION = "NotCapable";

/** An error of the library's own, whose message may be shown as a reason. */
export class StepError extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "StepError" });
  }
}

/** What a request needs, to name it if it is missing. */
export interface Needs {
  readonly permission: string;
  readonly queue: Queue;
}

/**
 * Says in a few words why a request failed: the error's code or name, the HTTP status and, if a
 * permission is missing, which.
 *
 * Never the message: SQS quotes receipt handles there and, for a bad signature, the signed headers
 * with the session token. Never throws.
 */
export function reasonOf(error: unknown, needs?: Needs): string {
  try {
    return readReason(error, needs);
  } catch {
    return "the client threw an error that cannot be read";
  }
}

function readReason(error: unknown, needs?: Needs): string {
  if (!isObject(error)) return "the client threw something that is not an error";
  if (error instanceof StepError) return error.message;
  if (isMixOfSdks(error)) return "the client is of another SDK that does not fit, install one copy";
  const metadata = isObject(error.$metadata) ? error.$metadata : {};
  const { httpStatusCode } = metadata;
  const name = [error.code, error.name].find((each) => typeof each === "string" && each !== "");
  return describeRefusal(
    typeof name === "string" ? name : undefined,
    typeof httpStatusCode === "number" ? httpStatusCode : undefined,
    needs,
  );
}

/** Says in a few words how SQS, or whatever stands before it, refused a request. */
export function describeRefusal(
  code: string | undefined,
  status: number | undefined,
  needs?: Needs,
): string {
  if (code === DENO_PERMISSION) {
    return `${code}, Deno needs --allow-net, --allow-env and --allow-sys for the AWS SDK`;
  }
  const what = `${code ?? "no error code"}${status === undefined ? "" : ` (HTTP ${status})`}`;
  if (!needs || !code?.startsWith("AccessDenied")) return what;
  return `${what}, needs ${needs.permission} on ${needs.queue.id}`;
}

/**
 * The SDK moved a command's serialization into the client with 3.928: commands from before do not work
 * with clients from after, nor the other way round.
 */
function isMixOfSdks({ message }: Record<PropertyKey, unknown>): boolean {
  return typeof message === "string" && /^serializerMiddleware is not found when/.test(message);
}
