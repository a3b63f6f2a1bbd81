/**
 * Lets go of what a hook or an option gave where no promise is waited for. If it is one all the same,
 * its rejection is taken: Node ends a process in which nobody takes one.
 */
export function abandon(value: unknown): void {
  Promise.resolve(value).catch(() => {});
}
