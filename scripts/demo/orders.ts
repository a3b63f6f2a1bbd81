import type { RecordContext } from "@partial-batch/sqs";
import type { SQSRecord } from "aws-lambda";

/** What becomes of an order when it is handled. */
export type OrderPlan = "ships" | "fails once" | "fails always";

/** The orders of one run of the demo, numbered from 1, and the business of shipping them. */
export class Orders {
  /** Marks the messages of this run. */
  readonly run: string = crypto.randomUUID();
  readonly count: number;
  /** How many the function gets at a time: enough rounds to see something, not too many. */
  readonly batchSize: number;
  /** How often each order was shipped. */
  readonly shipments: Map<number, number> = new Map();
  /** How often the order that fails always does so: forever, or where nothing ends it, a few times. */
  readonly failures: number;
  readonly #byBody: ReadonlyMap<string, number>;

  constructor(count: number, failures: number = Infinity) {
    this.count = count;
    this.batchSize = Math.min(100, Math.ceil(count / 3));
    this.failures = failures;
    this.#byBody = new Map(this.numbers().map((order) => [this.bodyOf(order), order]));
  }

  /** The whole first batch ships, so that there is one that does. */
  planOf(order: number): OrderPlan {
    if (order === this.count) return "fails always";
    return order > this.batchSize && order % 4 === 2 ? "fails once" : "ships";
  }

  numbers(plan?: OrderPlan): number[] {
    const all = Array.from({ length: this.count }, (_, index) => index + 1);
    return plan === undefined ? all : all.filter((order) => this.planOf(order) === plan);
  }

  bodyOf(order: number): string {
    return JSON.stringify({ run: this.run, order });
  }

  /** The number of the order in a message; `undefined` if it is not of this run. */
  orderIn({ body }: SQSRecord): number | undefined {
    return this.#byBody.get(body);
  }

  /** The record handler: ships one order, or throws. */
  ship(record: SQSRecord, { receiveCount }: RecordContext): void {
    const order = this.orderIn(record);
    if (order === undefined) throw new Error("not our message");
    const plan = this.planOf(order);
    if (plan === "fails once" && receiveCount === 1) throw new Error("carrier timed out");
    if (plan === "fails always" && receiveCount <= this.failures) {
      throw new Error("no such address");
    }
    this.shipments.set(order, (this.shipments.get(order) ?? 0) + 1);
  }
}
