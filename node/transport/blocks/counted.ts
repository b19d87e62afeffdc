import { setImmediate } from 'node:timers/promises'
import { LimitError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Reads } from './reads.ts'

/** Blocks that a fetch may read: one for each kilobyte that came, beside those of a small file or a folder's tree. */
const bytesByRead = 1_024
const freeReads = { file: 4_096, folder: 131_072 } as const

/** Bytes that are read before whatever else waits has its turn; of a block at least so many count. */
const bytesByTurn = 4 << 20
const leastOfBlock = 16 << 10

export interface CountedReads extends Reads {
  /** So many bytes of content were taken. */
  earn(bytes: number): void
}

/**
 * The same reads, so many of them: a few blocks make a tree without end where each names another hundreds of times, and
 * what it says of its size may be anything. So reads are earned by content that was taken, not by what might come.
 * @param signal aborts what is being read · @param over aborts once nobody needs what is read
 */
export function countedReads(
  reads: Reads,
  what: keyof typeof freeReads,
  { signal, over }: { signal: AbortSignal; over: AbortSignal }
): CountedReads {
  const either = anySignal([signal, over])
  let left: number = freeReads[what] * bytesByRead
  let turn = 0

  /**
   * Whoever reads on when a fetch is over, as the exporter does behind a file that was refused, hears nothing any more:
   * an error would only take it to the next branch, and end as a promise that nobody waits for.
   */
  async function unlessOver(): Promise<void> {
    if (over.aborted) await new Promise<never>(() => undefined)
  }

  return {
    ...reads,
    async *get(cid, options) {
      await unlessOver()
      signal.throwIfAborted()
      // [reject] A tree has no more blocks than its bytes need.
      if ((left -= bytesByRead) < 0)
        throw new LimitError('files.too-large', 'a file has far more parts than its bytes need')
      // Blocks that are in memory come without a turn of the loop between them.
      if ((turn += leastOfBlock) > bytesByTurn) {
        turn = 0
        await setImmediate()
        await unlessOver()
      }
      try {
        for await (const part of reads.get(cid, { signal: either, ...options })) {
          turn += part.length
          await unlessOver()
          yield part
        }
      } catch (error) {
        await unlessOver()
        throw error
      }
    },
    earn(bytes) {
      left += bytes
    }
  }
}
