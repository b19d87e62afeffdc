import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, EncodedRow, Row, RowFault, TrainRow } from '../types.ts'
import { fixedDay, type Day } from './dates.ts'
import { answersIn, turnsOf, type Span } from './spans.ts'
import { ChanceError, LostTextError, compile } from './template.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Characters that a template may make of a conversation, however long that is: what it adds is little. */
const longestText = 4_000_000

/** A conversation as tokens, and those of them that a model says: for each answer from one to before another. */
interface ReadRow {
  readonly ids: number[]
  readonly said: readonly Span[]
}

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
      // What libraries always give, so that templates which ask whether it is there find the same.
      const given = { tools: null, documents: null }
      const values = { ...given, ...this.#tokenizer.special, messages, add_generation_prompt: addGenerationPrompt }
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
   * @throws ModelError `row-answer`, `chat-template`, `row-tokens`
   */
  answer(row: Row): EncodedRow {
    const { ids, said } = this.#read(row)
    const last = said.at(-1)
    if (last === undefined) throw lost()
    return { prompt: ids.slice(0, last.from), answer: ids.slice(last.from, last.to) }
  }

  /** The same of one of many rows: without tokens where it cannot be read. */
  answerRow(row: Row): EncodedRow {
    const read = this.#unlessFaulty(() => this.answer(row))
    return 'fault' in read ? { prompt: [], answer: [], ...read } : read
  }

  /**
   * A row for training: the text that the template makes of all of it, in one. With `responseOnly` every answer that
   * stands there is trained on, as it stands there, end token included; otherwise everything is. Longer rows are cut at
   * `cutoff` tokens. A row whose last answer is not among what is left has no tokens, and says why.
   */
  trainRow(row: Row, { responseOnly, cutoff }: { readonly responseOnly: boolean; readonly cutoff: number }): TrainRow {
    const read = this.#unlessFaulty(() => this.#read(row))
    if ('fault' in read) return { ids: [], labels: [], ...read }
    const { ids, said } = read
    // [set aside] Something of the last answer is within what a row may be.
    if ((said.at(-1)?.from ?? 0) >= cutoff) return { ids: [], labels: [], fault: 'too-long' }
    const labels = ids.map(id => (responseOnly ? -100 : id))
    for (const { from, to } of said) for (let i = from; i < to; i++) labels[i] = ids[i] ?? -100
    return { ids: ids.slice(0, cutoff), labels: labels.slice(0, cutoff) }
  }

  /** What is wrong with a row, where it is the row's own fault and not the model's. */
  #unlessFaulty<T extends object>(read: () => T): T | { readonly fault: RowFault } {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      // [set aside] The template takes the conversation.
      if (error.code === 'chat-template' && this.#template !== undefined) return { fault: 'template-refuses' }
      // [set aside] It shows the last answer.
      if (error.code === 'row-answer') return { fault: 'answer-lost' }
      // [set aside] Tokens can say its text.
      if (error.code === 'row-tokens') return { fault: 'no-tokens' }
      throw error
    }
  }

  /** The row rendered once, as the model will see it, tokenised once; what is said is found by where it stands. */
  #read({ messages }: Row): ReadRow {
    const last = messages.length - 1
    if (messages[last]?.role !== 'assistant')
      throw new ModelError('row-answer', "a row ends with the assistant's message")
    const before = messages.slice(0, last)
    const render = (of: readonly ChatMessage[], ask = false): string => this.#tokenizer.canonical(this.render(of, ask))
    const whole = render(messages)
    const prompt = render(before, true)
    const shown = render(before)
    const header = prompt.startsWith(shown) ? prompt.slice(shown.length) : ''
    const found = this.#answersIn(messages, whole, prompt)
    const answers = [...found].toSorted(([a], [b]) => a - b)
    if (answers.at(-1)?.[0] !== last) throw lost()
    const turns = turnsOf(
      answers.map(([, span]) => span),
      whole,
      { prompt, header }
    )
    const { ids, offsets } = this.#tokenizer.locate(whole)
    return { ids, said: this.#saidOf(turns, whole, ids, offsets) }
  }

  /** Where the answers stand; where marks are of no use, the last one alone, as what follows its prompt. */
  #answersIn(messages: readonly ChatMessage[], whole: string, prompt: string): Map<number, Span> {
    const last = messages.length - 1
    let found: Map<number, Span> | undefined
    try {
      found = answersIn(messages, whole, marked => this.#tokenizer.canonical(this.render(marked, false)))
    } catch (error) {
      if (!(error instanceof ModelError)) throw error // a template may refuse the marks
    }
    if (found?.has(last) === true) return found
    const core = (messages[last]?.content ?? '').trim()
    const at = whole.startsWith(prompt) ? whole.indexOf(core, prompt.length) : whole.lastIndexOf(core)
    if (at === -1) throw lost()
    return new Map([...(found ?? []), [last, { from: at, to: at + core.length }]])
  }

  /** Tokens of each turn, up to and with the token that ends it. */
  #saidOf(
    turns: readonly Span[],
    whole: string,
    ids: readonly number[],
    offsets: ReturnType<Tokenizer['locate']>['offsets']
  ): Span[] {
    const said: Span[] = []
    let [token, text, byte] = [0, 0, 0]
    for (const turn of turns) {
      byte += Buffer.byteLength(whole.slice(text, turn.from))
      const end = byte + Buffer.byteLength(whole.slice(turn.from, turn.to))
      while (token < ids.length && !isWithin(offsets[token], byte, end)) token++
      const from = token
      while (token < ids.length && isWithin(offsets[token], byte, end)) {
        // Templates write a line break after the end token; a model stops at the end token.
        if (this.#endIds.has(ids[token++] ?? -1)) break
      }
      if (token > from) said.push({ from, to: token })
      ;[text, byte] = [turn.to, end]
    }
    return said
  }
}

/** Whether a token has a part in a stretch of text; a blank that was put before a word stands where the word begins. */
function isWithin(offset: { readonly start: number; readonly end: number } | undefined, from: number, to: number) {
  if (offset === undefined) return false
  return offset.start === offset.end
    ? offset.start >= from && offset.start < to
    : offset.end > from && offset.start < to
}

const lost = (): ModelError =>
  new ModelError('row-answer', "the chat template does not show the row's last answer", {
    help: 'Use another template, or rows whose last turn it shows.'
  })

function parse(source: string): ReturnType<typeof compile> {
  try {
    return compile(source)
  } catch (cause) {
    if (cause instanceof ChanceError)
      throw new ModelError('chat-template', `the chat template cannot be repeated: ${cause.message}`, {
        cause,
        help: 'Scorers render every conversation again. Take that out; a day it may tell (strftime_now).'
      })
    if (cause instanceof LostTextError)
      throw new ModelError('chat-template', `the chat template is not supported: ${cause.message}`, {
        cause,
        help: 'Ask before anything is said whether a round is to be left, or put what it says into an else.'
      })
    throw new ModelError('chat-template', 'the chat template cannot be read', {
      cause,
      help: 'It is not a Jinja template, or uses what this reader of Jinja does not know.'
    })
  }
}
