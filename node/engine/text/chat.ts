import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, Row, TrainRow } from '../types.ts'
import { fixedDay, type Day } from './dates.ts'
import { compile } from './template.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Characters that a template may make of a conversation, however long that is: what it adds is little. */
const longestText = 4_000_000

/** Renders conversations with a model's chat template and cuts them into what is given and what is answered. */
export class Chat {
  readonly #tokenizer: Tokenizer
  readonly #template: ReturnType<typeof compile> | undefined
  readonly #endIds: ReadonlySet<number>

  /** `endIds`: tokens that end an answer. */
  constructor(tokenizer: Tokenizer, endIds: Iterable<number>) {
    this.#tokenizer = tokenizer
    this.#template = tokenizer.template === undefined ? undefined : parse(tokenizer.template)
    this.#endIds = new Set(endIds)
  }

  /** @param day what the template is told of the time */
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean, day: Day = fixedDay): string {
    if (this.#template === undefined)
      throw new ModelError('chat-template', 'the model has no chat template', {
        help: 'Give a raw prompt instead of messages, or add chat_template.jinja to the model folder.'
      })
    let text: string
    try {
      const values = { ...this.#tokenizer.special, messages, add_generation_prompt: addGenerationPrompt }
      text = this.#template(values, day)
    } catch (cause) {
      throw new ModelError('chat-template', 'the chat template refused these messages', { cause })
    }
    if (text.length > longestText)
      throw new ModelError('chat-template', `the chat template makes ${text.length} characters of these messages`)
    return text
  }

  /** Ids of a prompt that asks for the assistant's next message. */
  prompt(messages: readonly ChatMessage[], day?: Day): number[] {
    return this.#tokenizer.encode(this.render(messages, true, day))
  }

  /**
   * The last message, which must be the assistant's, as the ids a model would produce: up to and with the end token.
   */
  answer(row: Row): { readonly prompt: number[]; readonly answer: number[] } {
    const last = row.messages.at(-1)
    if (last?.role !== 'assistant') throw new ModelError('row-answer', "a row ends with the assistant's message")
    const before = this.render(row.messages.slice(0, -1), true)
    const all = this.render(row.messages, false)
    const answer = all.startsWith(before)
      ? this.#tokenizer.encode(all.slice(before.length))
      : this.#tokenizer.encode(last.content)
    return { prompt: this.#tokenizer.encode(before), answer: this.#upToEnd(answer) }
  }

  /**
   * A row for training: the text that the template makes of all of it. With `responseOnly` every assistant message is
   * trained on, as it stands there, end token included; otherwise everything is. Longer rows are cut at `cutoff`
   * tokens.
   */
  trainRow(row: Row, options: { readonly responseOnly: boolean; readonly cutoff: number }): TrainRow {
    const { ids, trainable } = this.#segments(row)
    const labels = ids.map((id, i) => (!options.responseOnly || trainable[i] === true ? id : -100))
    return { ids: ids.slice(0, options.cutoff), labels: labels.slice(0, options.cutoff) }
  }

  #segments(row: Row): { ids: number[]; trainable: boolean[] } {
    const ids: number[] = []
    const trainable: boolean[] = []
    const push = (more: readonly number[], train: boolean): void => {
      // One by one: as arguments of one call, the tokens of a long text overflow the stack.
      for (const id of more) {
        ids.push(id)
        trainable.push(train)
      }
    }
    const whole = this.render(row.messages, false)
    let done = 0
    row.messages.forEach((message, i) => {
      if (message.role !== 'assistant') return
      const span = this.#spanOf(row, i, whole, done)
      if (span === undefined) return
      push(this.#tokenizer.encode(whole.slice(done, span.from)), false)
      const answer = this.#tokenizer.encode(whole.slice(span.from, span.to))
      const kept = this.#upToEnd(answer)
      push(kept, true)
      push(answer.slice(kept.length), false)
      done = span.to
    })
    const last = row.messages.findLastIndex(({ role }) => role === 'assistant')
    if (done === 0 || this.#spanOf(row, last, whole, 0) === undefined) return this.#alone(row)
    return { ids, trainable }
  }

  /** The last answer after its prompt, where the template's text of the whole row does not show it. */
  #alone(row: Row): { ids: number[]; trainable: boolean[] } {
    const { prompt, answer } = this.answer(row)
    return {
      ids: [...prompt, ...answer],
      trainable: [...prompt.map(() => false), ...answer.map(() => true)]
    }
  }

  /**
   * Where the i-th message, an assistant's, stands in the text of the whole row: as what follows the prompt for it or,
   * where the template writes earlier turns in another way than it asked for them, as its content and what ends it.
   */
  #spanOf(row: Row, i: number, whole: string, from: number): { from: number; to: number } | undefined {
    const before = this.render(row.messages.slice(0, i), true)
    const after = this.render(row.messages.slice(0, i + 1), false)
    const begins = whole.startsWith(before) && before.length >= from
    if (begins && whole.startsWith(after) && after.length >= before.length)
      return { from: before.length, to: after.length }
    const content = row.messages[i]?.content ?? ''
    const end = after.slice(after.lastIndexOf(content) + content.length)
    if (content === '' || !after.includes(content)) return undefined
    const at = whole.indexOf(content + end, begins ? before.length : from)
    return at === -1 ? undefined : { from: begins ? before.length : at, to: at + content.length + end.length }
  }

  /** Templates write a line break after the end token; a model stops at the end token. */
  #upToEnd(ids: readonly number[]): number[] {
    const end = ids.findIndex(id => this.#endIds.has(id))
    return end === -1 ? [...ids] : ids.slice(0, end + 1)
  }
}

function parse(source: string): ReturnType<typeof compile> {
  try {
    return compile(source)
  } catch (cause) {
    throw new ModelError('chat-template', 'the chat template cannot be read', {
      cause,
      help: 'It is not a Jinja template, or uses what this reader of Jinja does not know.'
    })
  }
}
