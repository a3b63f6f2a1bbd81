import type { BasePartialProcessor } from "@partial-batch/sqs";
import { setSteps } from "../../src/base_partial_processor.ts";
import type { Steps } from "../../src/lifecycle/hooks.ts";

/** Gives a processor steps of its own: those that are not given do nothing. */
export function giveSteps(processor: BasePartialProcessor, steps: Partial<Steps>): void {
  setSteps(processor, () => ({
    expectFailure() {},
    verify: () => ({ doubt: "nobody was asked" }),
    deleteEarly() {},
    finish() {},
    deleteHandled() {},
    deleteMessages: () => Promise.resolve(),
    afterClean() {},
    reportKept() {},
    deletedIndexes: () => [],
    ...steps,
  }));
}
