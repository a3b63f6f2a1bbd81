import type { ValidationIssue } from "./standard_schema.ts";

/** How many paths the message holds. */
const MAX_PATHS = 20;

/**
 * The body of a message is not what its handler expects: it is not JSON, or a schema refuses it.
 *
 * It names the message and where the body is wrong, never a value, and it has no `cause`, because the
 * errors of `JSON.parse` and of most validators quote what they were given. Its paths are made of the
 * body's keys: where a schema has keys that are data (`z.record()`), so does the error.
 *
 * @category Errors
 */
export class SqsBodyError extends Error {
  /** The id of the message. */
  readonly messageId: string;
  /**
   * Where the body is wrong, one path for each issue: `items[0].sku`, or an empty string for the
   * body as a whole. Empty if the body is not JSON.
   */
  readonly paths: readonly string[];

  static {
    Object.defineProperty(this.prototype, "name", {
      value: "SqsBodyError",
      configurable: true,
      writable: true,
    });
  }

  /**
   * Made by {@linkcode jsonBody}.
   *
   * @param messageId The id of the message.
   * @param issues What the schema found; `undefined` if the body is not JSON.
   */
  constructor(messageId: string, issues?: readonly ValidationIssue[]) {
    const paths = (issues ?? []).map(pathOf);
    const what = issues === undefined ? "not valid JSON" : describePaths(paths);
    super(`Cannot read the body of the message ${String(messageId)}: ${what}`);
    this.messageId = messageId;
    this.paths = paths;
  }
}

function describePaths(paths: readonly string[]): string {
  const shown = paths.slice(0, MAX_PATHS).map((path) => path === "" ? "the whole body" : path);
  const rest = paths.length - shown.length;
  return `the schema refuses ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function pathOf({ path = [] }: ValidationIssue): string {
  // A path of ArkType is an array whose map() makes paths of its own, and no text.
  return Array.from(path)
    .map((segment) => typeof segment === "object" ? segment.key : segment)
    .map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`)
    .join("")
    .replace(/^\./, "");
}
