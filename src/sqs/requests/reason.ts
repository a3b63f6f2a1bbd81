import { isObject } from "../../internal/shape.ts";
import type { Queue } from "../queue.ts";

/** The reason if the time ran out first. */
export const NO_ANSWER = "no answer within the time limit";

/** The reason if an answer of 200 is not one of SQS: a page of HTML, cut JSON. */
export const UNREADABLE = "the answer cannot be read (HTTP 200)";

/** The name of Deno's error where a permission is missing. */
const DENO_PERMISSION = "NotCapable";

/** An error of the library's own, whose message may be shown as a reason. */
export class StepError extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "StepError" });
  }
}

/** What a request was about. */
export interface About {
  /** What the function's role must be allowed to do. */
  readonly permission: string;
  readonly queue: Queue;
  /** The URL that was asked for, if any was. */
  readonly queueUrl: string | undefined;
}

/** Names that say nothing: the AWS SDK gives them to answers without an error code. */
const NAMELESS: ReadonlySet<unknown> = new Set(["Unknown", "UnknownError", "SyntaxError", "Error"]);

/** Other names for a connection that was closed. */
const CLOSED: ReadonlySet<unknown> = new Set([
  "UND_ERR_SOCKET",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/**
 * Says in a few words why a request failed: the error's code or name, the HTTP status and, if a
 * permission is missing, which. The same fault gets the same words however the batch is held.
 *
 * Never the message: SQS quotes receipt handles there and, for a bad signature, the signed headers
 * with the session token. Never throws.
 */
export function reasonOf(error: unknown, about?: About): string {
  try {
    return readReason(error, about);
  } catch {
    return "the client threw an error that cannot be read";
  }
}

function readReason(error: unknown, about?: About): string {
  if (!isObject(error)) return "the client threw something that is not an error";
  if (error instanceof StepError) return error.message;
  const { message, code, name } = error;
  const text = typeof message === "string" ? message : "";
  // The SDK moved a command's serialization into the client with 3.928: commands from before do not
  // work with clients from after, nor the other way round.
  if (text.startsWith("serializerMiddleware is not found when")) {
    return "the client comes from a copy of the AWS SDK that does not fit this one; install one copy";
  }
  if (text.startsWith("Invalid MD5 checksum")) return "the answer has a wrong MD5 checksum";
  const { httpStatusCode } = isObject(error.$metadata) ? error.$metadata : {};
  const status = typeof httpStatusCode === "number" ? httpStatusCode : undefined;
  const known = [code, name].find((each) => typeof each === "string" && each !== "") as
    | string
    | undefined;
  if (status === undefined || !NAMELESS.has(known)) return describeRefusal(known, status, about);
  return status === 200 ? UNREADABLE : describeRefusal(undefined, status, about);
}

/**
 * Whether a request failed because it was refused (HTTP 4xx), and not on SQS's side or on the way. Never
 * throws.
 */
export function isRefusal(error: unknown): boolean {
  try {
    const { httpStatusCode } = isObject(error) && isObject(error.$metadata) ? error.$metadata : {};
    return typeof httpStatusCode === "number" && httpStatusCode >= 400 && httpStatusCode < 500;
  } catch {
    return false;
  }
}

/** Says in a few words how SQS, or whatever stands before it, refused a request. */
export function describeRefusal(
  code: string | undefined,
  status: number | undefined,
  about?: About,
): string {
  if (code === DENO_PERMISSION) {
    return `${code}; Deno needs --allow-net, --allow-env and --allow-sys for the AWS SDK`;
  }
  // With a status there was an answer: its code comes from whoever wrote that.
  const connection = code === undefined || status !== undefined ? undefined : connectionError(code);
  if (connection !== undefined) {
    return about?.queueUrl === undefined ? connection : `${connection} at ${about.queueUrl}`;
  }
  const name = shownCode(code);
  const what = `${name}${status === undefined ? "" : ` (HTTP ${status})`}`;
  if (!about) return what;
  const { permission, queue, queueUrl } = about;
  if (name === "AccessDenied") return `${what}, needs ${permission} on ${queue.id}`;
  if (queueUrl !== undefined && /QueueDoesNotExist|NonExistentQueue/.test(name)) {
    return `${what}, queue URL ${queueUrl} of ${queue.id} not found`;
  }
  return what;
}

/** What went wrong with a connection, by its code in Node, in the SDK or in `fetch()`. */
function connectionError(code: string): string | undefined {
  if (CLOSED.has(code)) return "ECONNRESET";
  if (/^E[A-Z]+$/.test(code) && code !== "EPROTO") return code;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) return "TLS certificate not trusted";
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) return "TLS handshake failed";
  return code.startsWith("HPE_") ? "not an HTTP answer" : undefined;
}

/** A code as texts may show it: it comes from whoever answered. */
export function shownCode(code: unknown): string {
  if (typeof code !== "string" || code === "") return "no error code";
  if (code.startsWith("AccessDenied")) return "AccessDenied";
  return /^[\w.:-]{1,100}$/.test(code) ? code : "an unusual error code";
}
