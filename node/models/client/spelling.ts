import type { Form } from '../../../protocol/form/index.ts'
import type { ChosenLogprob } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { AnswerText } from '../../engine/types.ts'
import type { Log } from '../../runtime/index.ts'

const encoder = new TextEncoder()

/** The answer as it grows, over all workers that have a part in it. */
export interface Growing {
  readonly ids: number[]
  text: string
  /** The model's own tokenizer where it is at hand: then text comes from tokens, and what a worker says is compared. */
  own: AnswerText | undefined
  /** What the answer has to be. */
  readonly form: Form | undefined
  emit(text: string, ids: readonly number[], logprobs: readonly ChosenLogprob[]): void
}

/** Turns an answer's tokens into text beside their coming, and compares it with what the worker says they are. */
export interface Spelling {
  add(ids: readonly number[], text: string, logprobs?: readonly ChosenLogprob[]): void
  /** Until all that was added has been given out. @throws InvalidError `answer.text` where the worker said otherwise */
  done(): Promise<void>
}

/** `onLie` is called once, as soon as it is known. Tokens that come while others are spelt are spelt together. */
export function createSpelling(growing: Growing, log: Log, onLie: (error: InvalidError) => void): Spelling {
  let ids: number[] = []
  let text = ''
  let logprobs: ChosenLogprob[] = []
  let lie: InvalidError | undefined
  let running: Promise<void> = Promise.resolve()
  let isRunning = false
  /** Tokens whose text was given out. */
  let given = growing.ids.length
  let written = growing.form?.after(growing.form.begin, encoder.encode(growing.text))

  /** Another worker goes on from what was of the form. */
  function isOfForm(said: string): boolean {
    if (growing.form === undefined) return true
    written = written && growing.form.after(written, encoder.encode(said))
    return written !== undefined
  }
  const give = (said: string, of: readonly number[], chances: readonly ChosenLogprob[]): void => {
    // [reject] What comes is of the form that was asked for.
    if (!isOfForm(said)) {
      lie ??= new InvalidError('answer.form', 'the answer is not of the form that was asked for')
      onLie(lie)
      growing.own = undefined // it has read what does not count
      return
    }
    given += of.length
    growing.text += said
    growing.emit(said, of, chances)
  }
  async function spell(): Promise<void> {
    isRunning = true
    while (ids.length > 0) {
      const [batch, claimed, chances] = [ids, text, logprobs]
      ids = []
      text = ''
      logprobs = []
      if (growing.own === undefined) {
        give(claimed, batch, chances)
        continue
      }
      const said = await growing.own.push(batch).catch((error: unknown) => {
        log.warn("an answer's text is the worker's from here on", { error })
        growing.own = undefined
        return claimed
      })
      give(said, batch, chances)
      // [reject] The text is what the tokens say.
      if (said === claimed || lie !== undefined) continue
      lie = new InvalidError('answer.text', 'the text is not what the tokens say')
      onLie(lie)
    }
    isRunning = false // in the same turn as the check above, so that no token is missed
  }

  return {
    add(more, claimed, chances = []) {
      ids.push(...more)
      text += claimed
      logprobs.push(...chances)
      if (!isRunning) running = spell()
    },
    async done() {
      await running
      if (lie?.code === 'answer.form') growing.ids.splice(given)
      if (lie !== undefined) throw lie
    }
  }
}
