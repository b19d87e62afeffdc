import { randomUUID } from 'node:crypto'
import { callBegins, callEnds } from '../../../../protocol/form/index.ts'
import { finishReason } from './answers.ts'
import type { Answered } from './answers.ts'
import { chatForm, delta } from './forms.ts'
import type { Form } from './forms.ts'

interface ToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** The call that an answer is, if it is a whole one. */
export function callIn(text: string): ToolCall | undefined {
  if (!text.startsWith(callBegins) || !text.endsWith(callEnds)) return undefined
  let called: { name?: unknown; arguments?: unknown }
  try {
    called = JSON.parse(text.slice(callBegins.length, -callEnds.length)) as typeof called
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const { name, arguments: given } = called
  if (typeof name !== 'string') return undefined
  return {
    id: `call_${randomUUID().replaceAll('-', '')}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(given ?? {}) }
  }
}

/** Whether a text may still become a call. */
const mayBeCall = (text: string): boolean => text.startsWith(callBegins) || callBegins.startsWith(text)

/**
 * Answers of models that were offered tools: a call is told as one, at its end; what is none is told as it comes. Of
 * one request, since it holds back what may become a call.
 */
export function callingForm(): Form {
  const held = new Map<number, string>()
  const told = new Set<number>()
  const ending = ({ done }: Answered, call: ToolCall | undefined): string =>
    call === undefined ? finishReason(done.finish) : 'tool_calls'
  return {
    ...chatForm,
    whole: (head, answers, tilth) => ({
      ...chatForm.whole(head, answers, tilth),
      choices: answers.map((answer, index) => {
        const call = callIn(answer.done.text)
        const said = call === undefined ? { content: answer.done.text } : { content: null, tool_calls: [call] }
        const message = { role: 'assistant', ...said, refusal: null }
        return { index, message, logprobs: null, finish_reason: ending(answer, call) }
      })
    }),
    text(index, text) {
      if (told.has(index)) return delta(index, { content: text }, null)
      const said = (held.get(index) ?? '') + text
      held.set(index, said)
      if (mayBeCall(said)) return undefined
      told.add(index)
      held.delete(index)
      return delta(index, { content: said }, null)
    },
    end(index, answer) {
      const call = callIn(answer.done.text)
      const rest = held.get(index) ?? ''
      const text = rest === '' ? {} : { content: rest }
      return delta(index, call === undefined ? text : { tool_calls: [{ index: 0, ...call }] }, ending(answer, call))
    }
  }
}
