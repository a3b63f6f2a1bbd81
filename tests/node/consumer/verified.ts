/**
 * A consumer's function with `reportItemFailures: "verified"`: handles the records of its second argument
 * as the function of its first, and writes what Lambda is told, or why there is no response.
 */
import { type SQSBatchProcessingError, withSqsBatch } from "@partial-batch/sqs";
import type { Context } from "aws-lambda";
import process from "node:process";

const [invokedFunctionArn, records] = process.argv.slice(2);
const context = { invokedFunctionArn, getRemainingTimeInMillis: () => 30_000 } as Context;

const handler = withSqsBatch(({ body }) => {
  if (body.startsWith("fail")) throw new RangeError("no such order");
}, {
  client: { send: () => Promise.resolve({ Successful: [{ Id: "0" }] }) },
  reportItemFailures: "verified",
});

handler({ Records: JSON.parse(records!) }, context)
  .catch((error: SQSBatchProcessingError) => `${error.undeleted.length} left: ${error.unverified}`)
  .then((told) => process.stdout.write(JSON.stringify(told)));
