import type { ApiClient } from './client.ts'

/** How long a stopped answer may take to come to its receipt before nobody listens to it any more. */
const stopMs = 15_000

/**
 * Stops an answer by the name it was asked with once its reader has had enough: its stream still tells what came and
 * what it cost. Where that cannot be, or takes too long, `hungUp` aborts.
 */
export function stopping(
  api: Pick<ApiClient, 'call'>,
  name: string,
  enough: AbortSignal
): { readonly hungUp: AbortSignal; readonly end: () => void } {
  const hangUp = new AbortController()
  let late: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    late = setTimeout(() => hangUp.abort(), stopMs)
    api.call('stopAsk', { params: { name } }).then(
      ({ stopped }) => {
        if (!stopped) hangUp.abort()
      },
      () => hangUp.abort()
    )
  }
  if (enough.aborted) stop()
  else enough.addEventListener('abort', stop, { once: true })
  return {
    hungUp: hangUp.signal,
    end() {
      clearTimeout(late)
      enough.removeEventListener('abort', stop)
    }
  }
}
