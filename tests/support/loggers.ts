/**
 * Programs that use real loggers: with `logFailures()` on, and with `currentRecord()` in what makes every
 * line. They run on Deno, and on Node with the packed package.
 */

/** A logger, and how it is set up. */
export interface LoggerUse {
  /** The packages from npm that it takes. */
  readonly packages: readonly string[];
  /** Makes `logger`, whose lines have the current record's message id. */
  readonly setup: string;
  /** Where a line has its text. */
  readonly text: string;
  /** Where an entry has the error, and there its message. */
  readonly error: readonly [key: string, message: string];
  /** Where a line has its fields, if not at the top. */
  readonly fields?: string;
}

/** The loggers of the docs. */
export const LOGGERS: Readonly<Record<string, LoggerUse>> = {
  pino: {
    packages: ["pino"],
    setup: `
      import { pino } from "pino";
      const logger = pino({ mixin: () => ({ messageId: currentRecord()?.messageId }) });
    `,
    text: "msg",
    error: ["err", "message"],
  },
  "Powertools Logger": {
    packages: ["@aws-lambda-powertools/logger"],
    setup: `
      import { Logger } from "@aws-lambda-powertools/logger";
      const logger = new Logger({
        jsonReplacerFn: (key, value) =>
          key === "" ? { messageId: currentRecord()?.messageId, ...value } : value,
      });
    `,
    text: "message",
    error: ["error", "message"],
  },
  LogTape: {
    packages: ["@logtape/logtape"],
    setup: `
      import { configure, getConsoleSink, getLogger, jsonLinesFormatter, lazy } from "@logtape/logtape";
      await configure({
        sinks: {
          // Lines of all levels to the same stream.
          lines: getConsoleSink({
            formatter: jsonLinesFormatter,
            levelMap: { trace: "info", debug: "info", info: "info", warning: "info", error: "info", fatal: "info" },
          }),
        },
        loggers: [
          { category: "orders", lowestLevel: "info", sinks: ["lines"] },
          { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["lines"] },
        ],
      });
      const logger = getLogger("orders").with({ messageId: lazy(() => currentRecord()?.messageId) });
    `,
    text: "message",
    error: ["error", "message"],
    fields: "properties",
  },
  winston: {
    packages: ["winston"],
    setup: `
      import winston from "winston";
      const { combine, json } = winston.format;
      const withMessageId = winston.format((info) =>
        Object.assign(info, { messageId: info.messageId ?? currentRecord()?.messageId })
      );
      const withError = winston.format((info) => {
        const { error } = info;
        if (error instanceof Error) info.error = { ...error, name: error.name, message: error.message, stack: error.stack };
        return info;
      });
      const logger = winston.createLogger({
        format: combine(withMessageId(), withError(), json()),
        transports: [new winston.transports.Console()],
      });
    `,
    text: "message",
    error: ["error", "message"],
  },
};

/** A program that handles three concurrent records with a logger; the second one fails. */
export function loggerProgram({ setup }: LoggerUse): string {
  return `
    import { withSqsBatch } from "@partial-batch/sqs";
    import { currentRecord } from "@partial-batch/sqs/current-record";
    import { logFailures } from "@partial-batch/sqs/logs";
    import { createLambdaContext, createSqsEvent } from "@partial-batch/sqs/testing";
    ${setup}
    logFailures(logger);
    const handler = withSqsBatch(async ({ messageId, body }) => {
      await new Promise((resolve) => setTimeout(resolve));
      logger.info("handling " + body);
      if (body === "b") throw new RangeError("no such order");
      await new Promise((resolve) => setTimeout(resolve));
      logger.info("handled " + body);
    }, { reportItemFailures: true });
    const event = createSqsEvent(["a", "b", "c"]);
    await handler(event, createLambdaContext());
    console.log(JSON.stringify(event.Records.map(({ messageId }) => messageId)));
  `;
}

/** What a program's output says: of each line its text, the message's place in the batch, and the error's text. */
export function readLines(
  { text, error: [key, message], fields }: LoggerUse,
  output: string,
): readonly (readonly [text: unknown, place: string, error: unknown])[] {
  const lines = output.trim().split("\n").map((line) => JSON.parse(line));
  const ids: readonly unknown[] = lines.find(Array.isArray) ?? [];
  return lines.filter((line) => !Array.isArray(line)).map((line) => {
    const given = fields === undefined ? line : line[fields];
    const error = given[key];
    if (error && !String(error.stack).includes("RangeError: no such order")) {
      throw new Error(`No stack: ${JSON.stringify(error)}`);
    }
    return [line[text], "abc"[ids.indexOf(given.messageId)] ?? "none", error?.[message]] as const;
  });
}

/** What it has to say. */
export const EXPECTED_LINES: readonly (readonly [string, string, string | undefined])[] = [
  ["handling a", "a", undefined],
  ["handling b", "b", undefined],
  ["handling c", "c", undefined],
  ["handled a", "a", undefined],
  ["handled c", "c", undefined],
  ["SQS record failed", "b", "no such order"],
];
