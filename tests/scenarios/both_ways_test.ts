import {
  type Batch,
  type Outcome,
  PartialSQSProcessor,
  type PartialSQSProcessorOptions,
  type RecordContext,
  type SQSBatchProcessingError,
} from "@partial-batch/sqs";
import { assertEquals } from "@std/assert";
import type { SQSRecord } from "aws-lambda";
import { handleBody, makeRecord } from "../support/factories.ts";
import { type Hold, holding, HOLDS } from "../support/hold.ts";
import { SERVERS } from "../support/test_queue.ts";
import { testSqs } from "../support/test_sqs.ts";

// Odd handlers, bodies and processors, against real servers: whichever way the batch is held, the
// same calls, the same error, the same messages left.

type ProcessorClass = new (options: PartialSQSProcessorOptions) => PartialSQSProcessor;

/** A processor whose `_processRecord` gives something odd for the record that fails. */
function givingForFailures(
  give: (record: SQSRecord) => unknown,
): ProcessorClass {
  return class extends PartialSQSProcessor {
    protected override async _processRecord<T>(
      record: SQSRecord,
      batch: Batch<T>,
      recordContext: RecordContext,
    ): Promise<Outcome<T>> {
      if (record.body === "fail") return await give(record) as Outcome<T>;
      return await super._processRecord(record, batch, recordContext);
    }
  };
}

class FailingFailureHandler extends PartialSQSProcessor {
  protected override failureHandler(): Outcome<never> {
    throw new Error("no tracker");
  }
}

class AsyncFailureHandler extends PartialSQSProcessor {
  protected override async failureHandler(
    record: SQSRecord,
    error: unknown,
    batch: Batch,
  ): Promise<Outcome<never>> {
    await Promise.resolve();
    return await super.failureHandler(record, error, batch);
  }
}

interface Case {
  readonly what: string;
  readonly processor?: ProcessorClass;
  readonly handler?: (record: SQSRecord) => unknown;
  readonly body?: (batch: Batch<unknown>) => unknown;
  /** Statuses, calls, and how many messages are left. */
  readonly expected: readonly [statuses: string, calls: number, left: number];
}

const CASES: readonly Case[] = [
  { what: "an ordinary failure", expected: ["success,fail", 1, 1] },
  {
    what: "a handler that throws undefined",
    handler: ({ body }) => {
      if (body === "fail") throw undefined;
    },
    expected: ["success,fail", 1, 1],
  },
  { what: "a forgotten process()", body: () => {}, expected: ["unprocessed,unprocessed", 0, 2] },
  {
    what: "a batch that was closed twice",
    body: async (batch) => {
      await batch.process();
      await batch.close().finally(() => batch.close());
    },
    expected: ["success,fail", 1, 1],
  },
  {
    what: "a _processRecord that gives nothing",
    processor: givingForFailures(() => undefined),
    expected: ["success,fail", 1, 1],
  },
  {
    what: "a _processRecord that throws",
    processor: givingForFailures(() => Promise.reject(new Error("from the hook"))),
    expected: ["success,fail", 1, 1],
  },
  {
    what: "a _processRecord that gives another record's outcome",
    processor: givingForFailures(() => ({ status: "success", record: makeRecord(), result: 1 })),
    expected: ["success,fail", 1, 1],
  },
  {
    what: "a failureHandler that throws",
    processor: FailingFailureHandler,
    expected: ["success,fail", 1, 1],
  },
  {
    what: "an async failureHandler",
    processor: AsyncFailureHandler,
    expected: ["success,fail", 1, 1],
  },
];

for (const server of SERVERS) {
  for (const { what, processor = PartialSQSProcessor, handler, body, expected } of CASES) {
    const play = async (hold: Hold) => {
      const sqs = await testSqs(server);
      const queue = await sqs.createQueue();
      const records = await queue.records("ok", "fail");
      const { batch, thrown } = await holding({
        hold,
        processor: new processor({ config: sqs.config }),
        records,
        handler: handler ?? handleBody,
        body,
      });
      const statuses = batch.outcomes.map(({ status }) => status).join();
      const { name } = thrown as SQSBatchProcessingError;
      return { name, end: [statuses, await sqs.calls(), await queue.left()] };
    };

    Deno.test(`${server}: ${what} ends the same, whichever way the batch is held`, async () => {
      for (const hold of HOLDS) {
        assertEquals(await play(hold), { name: "SQSBatchProcessingError", end: [...expected] });
      }
    });
  }
}
