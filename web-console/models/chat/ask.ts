import { stopping } from '../../../daemon/api/contract/stopping.ts'
import type { AskEvent } from '../../../daemon/api/contract/ask-events.ts'
import { TilthError } from '../../../protocol/primitives/errors.ts'
import { api } from '../../api/index.ts'
import type { AskSettings } from './settings-form.ts'
import type { AnswerFacts, Message } from './thread.ts'

export interface Answer {
  readonly text: string
  readonly facts: AnswerFacts
}

interface AskInput {
  readonly model: string
  readonly messages: readonly Message[]
  readonly settings: AskSettings
  /** Its reader has had enough: what came is kept and paid for, and its receipt awaited. */
  readonly signal: AbortSignal
  /** Called with the whole answer so far. */
  readonly onAnswer: (answer: Answer) => void
}

/** What it costs so far, by the worker's prices, until the receipt says it. */
interface Meter {
  before: bigint
  input: number
  output: number
  inputPrice: bigint
  outputPrice: bigint
}
const soFar = ({ before, input, output, inputPrice, outputPrice }: Meter): string =>
  (before + BigInt(input) * inputPrice + BigInt(output) * outputPrice).toString()

/** Asks, and tells the answer as it grows; ends with it done, stopped or failed, and never throws for that. */
export async function ask({ model, messages, settings, signal, onAnswer }: AskInput): Promise<Answer> {
  const began = performance.now()
  const meter: Meter = { before: 0n, input: 0, output: 0, inputPrice: 0n, outputPrice: 0n }
  let answer: Answer = { text: '', facts: { state: 'coming', receipts: [], isPrivate: settings.isPrivate } }
  const become = (next: Partial<AnswerFacts>, text = answer.text): Answer => {
    answer = { text, facts: { ...answer.facts, ...next } }
    onAnswer(answer)
    return answer
  }
  const hear = (event: AskEvent): void => {
    switch (event.kind) {
      case 'worker':
        // What another has written before is paid to that one.
        meter.before = BigInt(soFar(meter))
        meter.input = event.inputTokens ?? 0
        meter.output = 0
        meter.inputPrice = BigInt(event.inputPrice ?? 0)
        meter.outputPrice = BigInt(event.outputPrice ?? 0)
        become({ worker: event.worker, inputTokens: meter.input, fee: soFar(meter) })
        break
      case 'text':
        meter.output += event.tokens ?? 0
        become(
          {
            outputTokens: (answer.facts.outputTokens ?? 0) + (event.tokens ?? 0),
            fee: soFar(meter),
            firstMs: answer.facts.firstMs ?? Math.round(performance.now() - began)
          },
          answer.text + event.text
        )
        break
      case 'done':
        become(
          {
            state: event.finish === 'cancelled' ? 'stopped' : 'done',
            inputTokens: event.inputTokens,
            outputTokens: event.outputTokens,
            fee: event.fee,
            receipts: event.receipts,
            ...(event.steps === undefined ? {} : { steps: event.steps }),
            ms: Math.round(performance.now() - began)
          },
          event.text
        )
        break
      case 'error':
        become({ state: 'failed', fault: event.message, ...(event.help === undefined ? {} : { help: event.help }) })
        break
      case 'step':
        become({ step: { name: event.name, number: event.number, of: event.of } })
        break
      case 'explanation':
        break
    }
  }
  const { maxTokens, temperature, topP, maxPrice, isPrivate } = settings
  const name = crypto.randomUUID()
  const { hungUp, end } = stopping(api, name, signal)
  try {
    const events = api.stream('ask', {
      body: {
        model,
        messages: [...messages],
        maxTokens,
        temperature,
        topP,
        private: isPrivate,
        name,
        ...(maxPrice === undefined ? {} : { maxPrice })
      },
      signal: hungUp
    })
    for await (const event of events) hear(event)
    if (answer.facts.state === 'coming')
      become({ state: 'failed', fault: 'The daemon ended the answer before it was whole.', help: 'Ask again.' })
  } catch (error) {
    if (signal.aborted) become({ state: 'stopped', ms: Math.round(performance.now() - began) })
    else if (error instanceof TilthError)
      become({ state: 'failed', fault: error.message, ...(error.help === undefined ? {} : { help: error.help }) })
    else if (error instanceof TypeError)
      become({
        state: 'failed',
        fault: 'The daemon left while it answered.',
        help: 'What was paid for is paid; ask again when it is back.'
      })
    else throw error
  } finally {
    end()
  }
  return answer
}
