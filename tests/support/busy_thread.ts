/**
 * Takes the thread for a share of the time, in slices, as the CPU share of a small function does. Ends
 * when it is disposed.
 */
export function busyThread(share: number): Disposable {
  const SLICE_MS = 100;
  let isOver = false;
  const slice = () => {
    if (isOver) return;
    const end = performance.now() + SLICE_MS * share;
    while (performance.now() < end);
    setTimeout(slice, SLICE_MS * (1 - share));
  };
  slice();
  return { [Symbol.dispose]: () => void (isOver = true) };
}
