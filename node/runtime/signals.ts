/** Aborts after so many milliseconds, and with the signal where one is given. */
export function within(ms: number, signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(ms)
  return signal === undefined ? late : AbortSignal.any([late, signal])
}

/** Why a signal aborted, as an error whatever its owner gave. */
export const abortReason = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError')
