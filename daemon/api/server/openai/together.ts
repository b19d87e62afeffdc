import { nobodyListens } from '../../../../node/runtime/signals.ts'
import { anySignal } from '../../../../protocol/primitives/index.ts'

/** Something that one of several streams gave. */
export interface Given<T> {
  readonly index: number
  readonly value: T
}

/** Several streams as one, in the order in which they give; when one fails, or nobody listens any more, all end. */
export async function* together<T>(
  start: (index: number, signal: AbortSignal) => AsyncIterable<T>,
  count: number,
  signal: AbortSignal
): AsyncGenerator<Given<T>> {
  const over = new AbortController()
  const both = anySignal([signal, over.signal])
  const streams = Array.from({ length: count }, (_, index) => start(index, both)[Symbol.asyncIterator]())
  const next = async (index: number): Promise<{ index: number; result: IteratorResult<T> }> => ({
    index,
    result: (await streams[index]?.next()) ?? { done: true, value: undefined }
  })
  const waiting = new Map(streams.map((_, index) => [index, next(index)]))
  try {
    while (waiting.size > 0) {
      const { index, result } = await Promise.race(waiting.values())
      if (result.done === true) {
        waiting.delete(index)
        continue
      }
      waiting.set(index, next(index))
      yield { index, value: result.value }
    }
  } finally {
    over.abort(nobodyListens)
    // What was asked has its end before the caller has: nothing of it goes on unseen.
    await Promise.allSettled(waiting.values())
    await Promise.allSettled(streams.map(async stream => stream.return?.()))
  }
}
