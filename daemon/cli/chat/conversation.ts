import { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Answer, ApiClient, Ends } from '../../api/contract/index.ts'
import { askRequest, streamAnswer } from '../../api/contract/index.ts'
import type { Bound } from '../../bounded-file.ts'
import { writePrivate } from '../../private-file.ts'
import { questionOf, systemOf } from '../asking.ts'
import type { AskingFlags, Turn } from '../asking.ts'
import { tokenAmount } from '../command.ts'

export interface ChatFlags extends AskingFlags {
  budget?: string
  history?: string
}

export const historyFile = z.strictObject({ messages: askRequest.shape.messages.unwrap().array().max(10_000) })
/** Ten thousand messages, of what people and small models write. */
export const historyBound: Bound = { bytes: 64 << 20, isNot: 'no conversation' }
/** Messages that one question may hold, the new one included. */
const mostMessages = 64

/** A conversation: what was said, what it cost, and how much of it still fits. */
export class Conversation {
  readonly api: ApiClient
  readonly flags: ChatFlags
  readonly budget: bigint | undefined
  turns: Turn[] = []
  spent = 0n

  constructor(api: ApiClient, flags: ChatFlags) {
    this.api = api
    this.flags = flags
    this.budget = flags.budget === undefined ? undefined : tokenAmount(flags.budget, '--budget')
  }

  get left(): bigint | undefined {
    return this.budget === undefined ? undefined : this.budget - this.spent
  }

  /** Asks with all that was said before, or as much of it as the model reads; keeps both sides of it. */
  async ask(question: string, onText: (text: string) => void, onForgotten: () => void, ends?: Ends): Promise<Answer> {
    const { left } = this
    if (left !== undefined && left <= 0n)
      throw new TilthError('chat.budget', `the budget of ${this.flags.budget ?? ''} tokens is used up`, {
        help: 'Begin another conversation, with a larger --budget.'
      })
    const system = systemOf(this.flags)
    for (;;) {
      const before = this.turns.slice(-(mostMessages - 1 - system.length))
      const messages: Turn[] = [...system, ...before, { role: 'user', content: question }]
      try {
        const answer = await streamAnswer(this.api, questionOf(this.flags, messages, left), onText, ends)
        this.spent += BigInt(answer.fee)
        this.turns.push({ role: 'user', content: question })
        if (answer.text.trim() !== '') this.turns.push({ role: 'assistant', content: answer.text })
        else this.turns.pop() // whoever goes on from it would have two questions in a row
        return answer
      } catch (error) {
        // The model reads no more than so much: what was said first is left out.
        if (!(error instanceof TilthError) || error.code !== 'ask.long' || before.length === 0) throw error
        this.turns = before.slice(2)
        onForgotten()
      }
    }
  }

  async save(): Promise<void> {
    if (this.flags.history !== undefined)
      await writePrivate(this.flags.history, `${JSON.stringify({ messages: this.turns }, null, 2)}\n`)
  }
}
