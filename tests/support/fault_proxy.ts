import { type ServingProcess, startProcess } from "./start_process.ts";

interface FaultBase {
  /** The SQS action it is for: `DeleteMessageBatch`. */
  readonly action: string;
  /** How many requests it hits; all of them if not given. */
  readonly times?: number;
}

/** Something that goes wrong between us and SQS. */
export type Fault =
  & FaultBase
  & (
    | { readonly kind: "drop" | "hang" | "lose-answer" }
    | { readonly kind: "delay"; readonly ms: number }
    | {
      readonly kind: "status";
      readonly status: number;
      readonly code?: string;
      readonly body?: string;
    }
    | {
      readonly kind: "fail-entries";
      readonly ids: readonly string[];
      readonly code: string;
      readonly senderFault: boolean;
    }
  );

/** A request as it arrived. */
export interface SeenRequest {
  readonly action: string;
  readonly headers: Readonly<Record<string, string>>;
  // deno-lint-ignore no-explicit-any -- the input of any action
  readonly input: any;
  /** Tells the connections apart. */
  readonly remotePort: number;
  /** How many requests were under way, this one included. */
  readonly atATime: number;
}

/** A proxy in front of a server, see `_fault_proxy_process.ts`. */
export class FaultProxy implements AsyncDisposable {
  readonly #process: ServingProcess;

  constructor(process: ServingProcess) {
    this.#process = process;
  }

  static async start(target: string): Promise<FaultProxy> {
    const script = new URL("./fault_proxy_process.ts", import.meta.url);
    return new FaultProxy(await startProcess(script, [target]));
  }

  get endpoint(): string {
    return this.#process.endpoint;
  }

  async set(...faults: readonly Fault[]): Promise<void> {
    await this.#control("faults", "PUT", JSON.stringify(faults));
  }

  async reset(): Promise<void> {
    await this.#control("reset", "POST");
  }

  async killSockets(): Promise<void> {
    await this.#control("kill-sockets", "POST");
  }

  async requests(action?: string): Promise<SeenRequest[]> {
    const seen: SeenRequest[] = await this.#control("requests", "GET");
    return action ? seen.filter((request) => request.action === action) : seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  async #control(path: string, method: string, body?: string): Promise<SeenRequest[]> {
    const headers = { connection: "close" };
    const init = body === undefined ? { method, headers } : { method, headers, body };
    return await (await fetch(`${this.endpoint}/-/${path}`, init)).json();
  }
}
