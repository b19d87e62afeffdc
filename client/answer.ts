import { anySignal } from '../protocol/primitives/index.ts'
import type { AskEvent, AskResult } from '../node/models/types.ts'
import type { Answer, AnswerResult, Receipt } from './types.ts'

/**
 * An answer that comes whether it is read or not: it is bounded by its tokens. Each reader gets all of it.
 * @param run emits until it is over; an abort of its signal cancels and pays for what came
 * @param receiptsOf of what was signed for
 */
export function answering(
  run: (emit: (event: AskEvent) => void, signal: AbortSignal) => Promise<void>,
  receiptsOf: (result: AskResult) => Promise<readonly Receipt[]>,
  outer: AbortSignal | undefined
): Answer {
  const control = new AbortController()
  const signal = outer === undefined ? control.signal : anySignal([outer, control.signal])
  const pieces: string[] = []
  const waiting = new Set<() => void>()
  let over: { error?: unknown } | undefined
  let ended: AskResult | undefined
  const wake = (): void => {
    for (const one of waiting) one()
    waiting.clear()
  }

  async function begin(): Promise<AnswerResult> {
    try {
      await run(event => {
        if (event.kind === 'text' && event.text !== '') pieces.push(event.text)
        if (event.kind === 'done') ended = event
        wake()
      }, signal)
      over = {}
    } catch (error) {
      over = { error }
      throw error
    } finally {
      wake()
    }
    const { text = '', ids = [], finish = 'cancelled', usage } = ended ?? {}
    const receipts = ended === undefined ? [] : await receiptsOf(ended)
    const { inputTokens = 0, outputTokens = 0, fee = 0n } = usage ?? {}
    return { text, ids, finish, inputTokens, outputTokens, fee, receipts }
  }
  const result = begin()
  const receipt = result.then(({ receipts }) => receipts.at(-1))
  // Whoever only reads the text is told of a failure there.
  result.catch(() => undefined)
  receipt.catch(() => undefined)

  return {
    result,
    receipt,
    stop() {
      control.abort()
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (let i = 0; ;) {
          for (let piece = pieces[i]; piece !== undefined; piece = pieces[i]) {
            i++
            yield piece
          }
          if (over !== undefined) break
          await new Promise<void>(resolve => {
            waiting.add(resolve)
          })
        }
        if (over.error !== undefined) throw over.error
      } finally {
        if (over === undefined) control.abort()
      }
    }
  }
}
