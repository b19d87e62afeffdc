import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { AnswerText } from '../../engine/types.ts'
import type { Log } from '../../runtime/index.ts'

/** The answer as it grows, over all workers that have a part in it. */
export interface Growing {
  readonly ids: number[]
  text: string
  /** The model's own tokenizer where it is at hand: then text comes from tokens, and what a worker says is compared. */
  own: AnswerText | undefined
  emit(text: string, ids: readonly number[]): void
}

/** Turns an answer's tokens into text beside their coming, and compares it with what the worker says they are. */
export interface Spelling {
  add(ids: readonly number[], text: string): void
  /** Until all that was added has been given out. @throws InvalidError `answer.text` where the worker said otherwise */
  done(): Promise<void>
}

/** `onLie` is called once, as soon as it is known. Tokens that come while others are spelt are spelt together. */
export function createSpelling(growing: Growing, log: Log, onLie: (error: InvalidError) => void): Spelling {
  let ids: number[] = []
  let text = ''
  let lie: InvalidError | undefined
  let running: Promise<void> | undefined

  const give = (said: string, of: readonly number[]): void => {
    growing.text += said
    growing.emit(said, of)
  }
  async function spell(): Promise<void> {
    while (ids.length > 0) {
      const [batch, claimed] = [ids, text]
      ids = []
      text = ''
      if (growing.own === undefined) {
        give(claimed, batch)
        continue
      }
      const said = await growing.own.push(batch).catch((error: unknown) => {
        log.warn("an answer's text is the worker's from here on", { error })
        growing.own = undefined
        return claimed
      })
      give(said, batch)
      // [reject] The text is what the tokens say.
      if (said === claimed || lie !== undefined) continue
      lie = new InvalidError('answer.text', 'the text is not what the tokens say')
      onLie(lie)
    }
    running = undefined // in the same turn as the check above, so that no token is missed
  }

  return {
    add(more, claimed) {
      ids.push(...more)
      text += claimed
      running ??= spell()
    },
    async done() {
      await running
      if (lie !== undefined) throw lie
    }
  }
}
