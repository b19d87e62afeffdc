import { anySignal } from '../../protocol/primitives/index.ts'
import { nobodyListens } from '../runtime/signals.ts'

/**
 * A task that emits as an iteration. Leaving the loop early, or the caller's signal, aborts the task's signal; the loop
 * ends when the task does, and throws what it throws.
 */
export async function* asStream<T>(
  task: (emit: (value: T) => void, signal: AbortSignal) => Promise<void>,
  outer?: AbortSignal
): AsyncGenerator<T> {
  const control = new AbortController()
  const signal = outer === undefined ? control.signal : anySignal([outer, control.signal])
  const values: T[] = []
  let wake = (): void => undefined
  let over = false
  let failure: { error: unknown } | undefined
  const running = task(value => {
    values.push(value)
    wake()
  }, signal)
    .catch((error: unknown) => {
      failure = { error }
    })
    .finally(() => {
      over = true
      wake()
    })
  try {
    for (;;) {
      for (let value = values.shift(); value !== undefined; value = values.shift()) yield value
      if (over) break
      await new Promise<void>(resolve => {
        wake = resolve
        if (values.length > 0 || over) resolve()
      })
    }
    if (failure !== undefined) throw failure.error
  } finally {
    control.abort(nobodyListens)
    await running
  }
}
