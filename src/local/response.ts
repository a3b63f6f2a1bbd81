import type { SQSRecord } from "aws-lambda";
import { isObject, typeNameOnly } from "../internal/shape.ts";
import { responseJson } from "./answer.ts";

/** What Lambda makes of a function's response. */
export interface Verdict {
  /** The records that Lambda deletes. */
  readonly toDelete: readonly SQSRecord[];
  /** What is wrong with the response; `undefined` if nothing is. */
  readonly malformed: string | undefined;
}

/**
 * Which messages Lambda deletes after a function has returned.
 *
 * - Without `ReportBatchItemFailures`: all of them, whatever the response is (AWS Lambda developer
 *   guide, "Using Lambda with Amazon SQS": when the function successfully processes a batch, Lambda
 *   deletes its messages).
 * - With it, all but the listed ones. An empty or `null` list and an empty or `null` response are a
 *   complete success. An empty or `null` `itemIdentifier`, one with a wrong name, and the id of no
 *   message of the batch are a complete failure, and so is a response that is not JSON ("Handling errors
 *   for an SQS event source in Lambda", "Success and failure conditions").
 * - AWS's pages are silent on a response that is neither an object nor `null`, and on a list that is not
 *   an array. Here nothing is deleted after them: they are mistakes.
 */
export function judgeResponse(
  records: readonly SQSRecord[],
  response: unknown,
  reportBatchItemFailures: boolean,
): Verdict {
  if (!reportBatchItemFailures) return { toDelete: records, malformed: undefined };
  // As Lambda gets it: what JSON leaves out is not there.
  const json: unknown = JSON.parse(responseJson(response));
  if (json === null) return { toDelete: records, malformed: undefined };
  if (!isObject(json) || Array.isArray(json)) {
    return malformed(`the response is ${typeNameOnly(json)}, not an object`);
  }
  const failures = json.batchItemFailures ?? null;
  if (failures === null) return { toDelete: records, malformed: undefined };
  if (!Array.isArray(failures)) {
    return malformed(`batchItemFailures is ${typeNameOnly(failures)}, not an array`);
  }
  const ids = new Set(records.map(({ messageId }) => messageId));
  const failed = new Set<string>();
  for (const [index, failure] of failures.entries()) {
    const wrong = wrongWith(failure, ids);
    if (wrong !== undefined) return malformed(`batchItemFailures[${index}]${wrong}`);
    failed.add((failure as { itemIdentifier: string }).itemIdentifier);
  }
  return {
    toDelete: records.filter(({ messageId }) => !failed.has(messageId)),
    malformed: undefined,
  };
}

function malformed(what: string): Verdict {
  return { toDelete: [], malformed: what };
}

/** What is wrong with an entry of the list; `undefined` if nothing is. */
function wrongWith(failure: unknown, ids: ReadonlySet<string>): string | undefined {
  if (!isObject(failure) || Array.isArray(failure)) {
    return ` is ${typeNameOnly(failure)}, not an object`;
  }
  if (!("itemIdentifier" in failure)) return " has no itemIdentifier";
  const { itemIdentifier } = failure;
  if (itemIdentifier === null) return ".itemIdentifier is null";
  if (itemIdentifier === "") return ".itemIdentifier is an empty string";
  if (typeof itemIdentifier !== "string") {
    return `.itemIdentifier is ${typeNameOnly(itemIdentifier)}, not a string`;
  }
  if (!ids.has(itemIdentifier)) return ".itemIdentifier is the id of no message of the batch";
  return undefined;
}
