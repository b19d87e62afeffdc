import { Template } from '@huggingface/jinja'
import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, Row, TrainRow } from '../types.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Renders conversations with a model's chat template and cuts them into what is given and what is answered. */
export class Chat {
  readonly #tokenizer: Tokenizer
  readonly #template: Template | undefined
  readonly #endIds: ReadonlySet<number>

  /** `endIds`: tokens that end an answer. */
  constructor(tokenizer: Tokenizer, endIds: Iterable<number>) {
    this.#tokenizer = tokenizer
    this.#template = tokenizer.template === undefined ? undefined : parse(tokenizer.template)
    this.#endIds = new Set(endIds)
  }

  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string {
    if (this.#template === undefined)
      throw new ModelError('chat-template', 'the model has no chat template', {
        help: 'Give a raw prompt instead of messages, or add chat_template.jinja to the model folder.'
      })
    try {
      return this.#template.render({ ...this.#tokenizer.special, messages, add_generation_prompt: addGenerationPrompt })
    } catch (cause) {
      throw new ModelError('chat-template', 'the chat template refused these messages', { cause })
    }
  }

  /** Ids of a prompt that asks for the assistant's next message. */
  prompt(messages: readonly ChatMessage[]): number[] {
    return this.#tokenizer.encode(this.render(messages, true))
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
   * A row for training. With `responseOnly` every assistant message that the template renders as a continuation is
   * trained on, end token included; otherwise everything is. Longer rows are cut at `cutoff` tokens.
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
      ids.push(...more)
      trainable.push(...more.map(() => train))
    }
    let done = ''
    row.messages.forEach((message, i) => {
      if (message.role !== 'assistant') return
      const before = this.render(row.messages.slice(0, i), true)
      const after = this.render(row.messages.slice(0, i + 1), false)
      if (!before.startsWith(done) || !after.startsWith(before)) return
      push(this.#tokenizer.encode(before.slice(done.length)), false)
      const answer = this.#tokenizer.encode(after.slice(before.length))
      const kept = this.#upToEnd(answer)
      push(kept, true)
      push(answer.slice(kept.length), false)
      done = after
    })
    if (done === '') {
      const { prompt, answer } = this.answer(row)
      push(prompt, false)
      push(answer, true)
    }
    return { ids, trainable }
  }

  /** Templates write a line break after the end token; a model stops at the end token. */
  #upToEnd(ids: readonly number[]): number[] {
    const end = ids.findIndex(id => this.#endIds.has(id))
    return end === -1 ? [...ids] : ids.slice(0, end + 1)
  }
}

function parse(source: string): Template {
  try {
    return new Template(source)
  } catch (cause) {
    throw new ModelError('chat-template', 'the chat template cannot be read', {
      cause,
      help: 'It is not a Jinja template, or uses what this reader of Jinja does not know.'
    })
  }
}
