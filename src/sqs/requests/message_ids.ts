/** Global, so that a client of another copy of the library finds it too. */
const MESSAGE_IDS = Symbol.for("@partial-batch/sqs:messageIds");

/**
 * Notes on a command which messages its entries are about, one id for each. Neither the SDK nor a
 * comparison of commands sees it. A message that is sent on has no other trace of where it came from, and
 * `createFakeSqsClient()` is asked which messages were moved.
 */
export function noteMessageIds(command: object, messageIds: readonly (string | undefined)[]): void {
  Object.defineProperty(command, MESSAGE_IDS, { value: messageIds });
}

/** The message ids that are noted on a command; none if it is not of this library. */
export function messageIdsOf(command: object): readonly (string | undefined)[] {
  return (command as { [MESSAGE_IDS]?: readonly (string | undefined)[] })[MESSAGE_IDS] ?? [];
}
