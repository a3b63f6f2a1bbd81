import type { SQSRecord } from "aws-lambda";

/** Keeps two batches with a message group in common from being handled at the same time. */
export class GroupLocks {
  readonly #last = new Map<string, Promise<void>>();

  /** Does the work once no earlier work of the same message groups runs. */
  async run(records: readonly SQSRecord[], work: () => Promise<void>): Promise<void> {
    const groups = new Set(records.map(({ attributes }) => attributes.MessageGroupId ?? ""));
    const before = Promise.all([...groups].map((group) => this.#last.get(group)));
    const running = before.then(work);
    const ended = running.catch(() => {});
    for (const group of groups) this.#last.set(group, ended);
    try {
      await running;
    } finally {
      for (const group of groups) {
        if (this.#last.get(group) === ended) this.#last.delete(group);
      }
    }
  }
}
