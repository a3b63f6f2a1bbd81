/** What is compared: each subject makes a Lambda handler of a record handler. */
import { subscribe } from "node:diagnostics_channel";

const RESPONSE = { reportItemFailures: true };

/** A client that confirms everything at once. */
const client = { send: ({ input }) => Promise.resolve({ Successful: input.Entries }) };

async function ours(options, handle) {
  const { withSqsBatch } = await import("@partial-batch/sqs");
  return withSqsBatch(handle, options);
}

const SUBJECTS = {
  ours: (handle) => ours(RESPONSE, handle),

  "ours, delete mode": (handle) => ours({ client }, handle),

  "ours, own successHandler": async (handle) => {
    const { PartialSQSProcessor, withBatchProcessor } = await import("@partial-batch/sqs");
    class Counting extends PartialSQSProcessor {
      successHandler(record, result) {
        return { status: "success", record, result };
      }
    }
    return withBatchProcessor(new Counting(RESPONSE), handle);
  },

  "ours, signal is read": (handle) =>
    ours(RESPONSE, (record, { signal }) => {
      signal.throwIfAborted();
      return handle(record);
    }),

  "ours, recordTimeoutMs": (handle) => ours({ ...RESPONSE, recordTimeoutMs: 5_000 }, handle),

  "ours, traced": (handle) => {
    subscribe("tracing:partial-batch.sqs.record:start", () => {});
    return ours(RESPONSE, handle);
  },

  Powertools: async (handle) => {
    const { BatchProcessor, EventType, processPartialResponse } = await import(
      "@aws-lambda-powertools/batch"
    );
    const processor = new BatchProcessor(EventType.SQS);
    return (event, context) =>
      processPartialResponse(event, handle, processor, { context, throwOnFullBatchFailure: false });
  },

  "Powertools, FIFO": async (handle) => {
    const { processPartialResponse, SqsFifoPartialProcessorAsync } = await import(
      "@aws-lambda-powertools/batch"
    );
    const processor = new SqsFifoPartialProcessorAsync();
    return (event, context) => processPartialResponse(event, handle, processor, { context });
  },

  middy: async (handle) => {
    const { default: middy } = await import("@middy/core");
    const { default: partialFailure } = await import("@middy/sqs-partial-batch-failure");
    return middy().use(partialFailure({ logger: false })).handler(({ Records }) =>
      Promise.allSettled(Records.map(handle))
    );
  },

  allSettled: (handle) => async ({ Records }) => {
    const results = await Promise.allSettled(Records.map(handle));
    return {
      batchItemFailures: results.flatMap(({ status }, index) =>
        status === "rejected" ? [{ itemIdentifier: Records[index].messageId }] : []
      ),
    };
  },

  "a loop": (handle) => async ({ Records }) => {
    const batchItemFailures = [];
    for (const record of Records) {
      try {
        await handle(record);
      } catch {
        batchItemFailures.push({ itemIdentifier: record.messageId });
      }
    }
    return { batchItemFailures };
  },

  "groups by hand": (handle) => async ({ Records }) => {
    const groups = new Map();
    for (const record of Records) {
      const { MessageGroupId = record.messageId } = record.attributes;
      groups.set(MessageGroupId, [...groups.get(MessageGroupId) ?? [], record]);
    }
    await Promise.all(Array.from(groups.values(), async (group) => {
      for (const record of group) await handle(record);
    }));
    return { batchItemFailures: [] };
  },
};

/** Makes the Lambda handler of a subject. */
export function makeHandler(subject, handle) {
  return SUBJECTS[subject](handle);
}

/** Calls a Lambda handler with a batch. In delete mode a batch with failures throws, as it should. */
export async function invoke(handler, { event, context, failing }) {
  try {
    await handler(event, context);
  } catch (thrown) {
    if (thrown.name !== "SQSBatchProcessingError" || failing.size === 0) throw thrown;
  }
}
