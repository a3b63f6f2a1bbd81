import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import type { Context } from "aws-lambda";
import { lambdaContext } from "./lambda_context.ts";

/** A mapping, as Lambda's API writes it. */
export interface TestMapping {
  readonly FunctionArn: string;
  readonly EventSourceArn?: string;
  readonly FunctionResponseTypes?: unknown;
  readonly State?: unknown;
  /** Seconds. */
  readonly LastModified?: unknown;
}

/** What the server does with a request. */
export type LambdaAnswer =
  | { readonly mappings: readonly TestMapping[]; readonly nextMarker?: string }
  | { readonly status: number; readonly code: string }
  | { readonly body: string }
  /** Answers only once it is let go. */
  | { readonly after: Promise<unknown>; readonly mappings: readonly TestMapping[] }
  | "hang"
  | "drop";

/** What was asked for. */
export interface LambdaRequest {
  readonly path: string;
  readonly queueArn: string | null;
  readonly marker: string | null;
}

/** An answer to every request, or to each its own. */
export type AnswerTo = LambdaAnswer | ((request: LambdaRequest) => LambdaAnswer);

/** The environment of a process that may ask it. */
const ENV_NAMES = [
  "AWS_ENDPOINT_URL_LAMBDA",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_LAMBDA_FUNCTION_NAME",
];

/**
 * Lambda's control plane on loopback, as much of it as lists event source mappings. While it runs, the
 * process's environment leads there.
 */
export class LambdaApi implements AsyncDisposable {
  readonly requests: LambdaRequest[] = [];
  readonly #server: Server;
  readonly #before: ReadonlyMap<string, string | undefined>;
  #answer: (request: LambdaRequest) => LambdaAnswer = () => ({ mappings: [] });

  constructor(server: Server) {
    this.#server = server;
    this.#before = new Map(ENV_NAMES.map((name) => [name, process.env[name]]));
    server.on("request", ({ url = "" }, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(url, "http://lambda");
      const request = {
        path: pathname,
        queueArn: searchParams.get("EventSourceArn"),
        marker: searchParams.get("Marker"),
      };
      this.requests.push(request);
      this.#respond(response, this.#answer(request));
    });
  }

  /** Starts it. It answers with `answer`, by default with no mapping. */
  static async start(answer?: AnswerTo): Promise<LambdaApi> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const api = new LambdaApi(server);
    if (answer !== undefined) api.answerWith(answer);
    process.env.AWS_ENDPOINT_URL_LAMBDA = api.endpoint;
    process.env.AWS_ACCESS_KEY_ID = "AKIATEST";
    process.env.AWS_SECRET_ACCESS_KEY = "secret-of-the-test";
    return api;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answerWith(answer: AnswerTo): void {
    this.#answer = typeof answer === "function" ? answer : () => answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of this.#before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #respond(response: ServerResponse, answer: LambdaAnswer): void {
    if (answer === "hang") return;
    if (answer === "drop") return void response.destroy();
    if ("after" in answer) {
      answer.after.then(() => this.#respond(response, { mappings: answer.mappings }));
      return;
    }
    response.setHeader("content-type", "application/json");
    if ("status" in answer) {
      response.writeHead(answer.status, { "x-amzn-errortype": answer.code });
      response.end(JSON.stringify({ Message: "User: arn:aws:sts::1:assumed-role/secret" }));
      return;
    }
    const body = "body" in answer ? answer.body : JSON.stringify({
      EventSourceMappings: answer.mappings,
      NextMarker: answer.nextMarker,
    });
    response.end(body);
  }
}

/** A mapping that has all it takes. */
export function goodMapping(FunctionArn: string, over: Partial<TestMapping> = {}): TestMapping {
  return {
    FunctionArn,
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    State: "Enabled",
    LastModified: Date.now() / 1_000 - 3_600,
    ...over,
  };
}

/** A function that no answer is known of yet. */
export function newFunctionArn(): string {
  return `arn:aws:lambda:us-east-1:123456789012:function:orders-${crypto.randomUUID()}`;
}

/** Lambda's context of a function that no answer is known of yet. */
export function contextOf(invokedFunctionArn: string, timeoutMs = 60_000): Context {
  return { ...lambdaContext(timeoutMs), invokedFunctionArn };
}
