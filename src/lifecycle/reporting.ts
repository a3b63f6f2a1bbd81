import { ignoreRejection, isThenable } from "../internal/promises.ts";
import type { Steps, Verdict } from "./hooks.ts";

type Decision = "respond" | "delete" | "undecided";

/**
 * Whether a batch ends with a partial batch response: the one place that decides.
 *
 * With `"verified"` this is undecided until Lambda has answered, and any doubt means no: deleting and
 * throwing is right whatever the event source mapping has.
 */
export class Reporting {
  readonly #steps: Steps | undefined;
  #decision: Decision;
  #doubt: string | undefined;
  /** Whether the decision can no longer change. With `"verified"` that is so once `decide()` is done. */
  #isFinal: boolean;
  #isFailureExpected = false;

  constructor(reportItemFailures: boolean | "verified", steps: Steps | undefined) {
    this.#steps = steps;
    this.#isFinal = reportItemFailures !== "verified";
    this.#decision = this.#isFinal ? reportItemFailures ? "respond" : "delete" : "undecided";
  }

  /** Whether the batch responds, as far as is known. While that is undecided, it does not. */
  get responds(): boolean {
    return this.#decision === "respond";
  }

  /** Why a `"verified"` batch does not respond. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** The batch cannot respond, whatever Lambda would answer: nothing needs to be asked any more. */
  ruleOut(): void {
    if (this.#isFinal) return;
    this.#decision = "delete";
    this.#doubt = undefined;
    this.#isFinal = true;
  }

  /**
   * A message will probably return: asks Lambda in the background, and lets the steps prepare unless the
   * answer says that nothing will be deleted. If time is short, they do not wait for the answer.
   */
  expectFailure(isTimeShort: boolean): void {
    if (this.#isFailureExpected && !isTimeShort) return;
    this.#isFailureExpected = true;
    const asking = this.#ask();
    const prepare = () => {
      if (!this.responds) this.#steps?.expectFailure();
    };
    if (asking && !isTimeShort) ignoreRejection(asking.then(prepare));
    else prepare();
  }

  /**
   * Decides for good. It asks again: what was learnt at the first failure may be too old by now. Gives a
   * promise, which never rejects, only if there is something to wait for.
   */
  decide(): Promise<void> | void {
    const asking = this.#ask();
    if (asking) return asking.then(() => void (this.#isFinal = true));
    this.#isFinal = true;
  }

  #ask(): Promise<void> | void {
    if (this.#isFinal || !this.#steps) return;
    const note = ({ doubt }: Verdict) => {
      if (this.#isFinal) return;
      this.#decision = doubt === undefined ? "respond" : "delete";
      this.#doubt = doubt;
    };
    const verdict = this.#steps.verify();
    return isThenable(verdict) ? verdict.then(note) : note(verdict);
  }
}
