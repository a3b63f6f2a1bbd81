/** How often the library itself sends a request at most; the client may repeat each of these. */
export const MAX_ATTEMPTS = 4;

/** How many requests are under way at a time. */
export const MAX_CONCURRENT_REQUESTS = 10;

/**
 * The same near the deadline. On a thread that is busy for most of the time each round of requests takes
 * as long as the thread is busy, so fewer rounds are needed; each connection costs a TLS handshake, so not
 * more than that. The SDK's own agent allows 50.
 */
export const MAX_CONCURRENT_REQUESTS_NEAR_DEADLINE = 30;

/** How long to wait before an attempt (2, 3, …): doubling from 50 ms, half of it at random. */
export function backoffMs(attempt: number): number {
  const full = 50 * 2 ** (attempt - 2);
  return full / 2 + Math.random() * full / 2;
}
