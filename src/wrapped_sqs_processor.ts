import { BasePartialProcessor, setSteps } from "./base_partial_processor.ts";
import { type Batch, lifecycleOf } from "./batch.ts";
import { sqsMeans } from "./sqs/means.ts";
import { SqsSteps } from "./sqs/sqs_steps.ts";
import { checkSqsOptions, type PartialSQSProcessorOptions } from "./sqs_options.ts";

/**
 * The processor of `withSqsBatch()`: a `PartialSQSProcessor` without what plain `using` takes. The wrapper
 * never holds a batch that way, so none of that is in the bundle of a function that has only a wrapper.
 */
export class WrappedSqsProcessor extends BasePartialProcessor {
  /** Read by `withBatchProcessor()`, as that of a `PartialSQSProcessor` is. */
  readonly suspectAfter?: number;

  constructor(options: PartialSQSProcessorOptions) {
    const { sqs, base } = checkSqsOptions(options);
    super(base);
    if (sqs.suspectAfter !== undefined) this.suspectAfter = sqs.suspectAfter;
    const means = sqsMeans(sqs, () => true);
    setSteps(this, (lifecycle) => new SqsSteps(lifecycle, means));
  }

  protected override _clean(batch: Batch): void | Promise<void> {
    return lifecycleOf(batch).hooks.steps?.deleteHandled();
  }
}
