import type { ChatMessage } from '../../types.ts'
import type { Fault } from '../types.ts'
import { fault, isFault, isObject, textIn } from './texts.ts'

type Speaker = ChatMessage['role'] | 'tool'

/** Who speaks, by the names that data sets use. */
const speakers: Readonly<Record<string, Speaker>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  prompter: 'user',
  customer: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
  bot: 'assistant',
  ai: 'assistant',
  agent: 'assistant',
  function_call: 'assistant',
  'tool-call': 'assistant',
  tool_call: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  ipython: 'tool',
  tool_response: 'tool',
  function_response: 'tool'
}

/** Which of the two usual forms turns have, by the first of them. */
export const turnForm = (turns: readonly unknown[]): 'ShareGPT' | 'OpenAI messages' | 'list of turns' => {
  const [first] = turns
  if (!isObject(first)) return 'list of turns'
  return 'from' in first || 'value' in first ? 'ShareGPT' : 'OpenAI messages'
}

/** Who speaks in a turn, by whatever name it is said. */
const whoIn = (turn: Record<string, unknown>): unknown =>
  turn['role'] ?? turn['from'] ?? turn['speaker'] ?? turn['author']

/** Whether a list is one of turns: each says who speaks. */
export const isTurns = (list: readonly unknown[]): boolean =>
  list.length > 0 && list.every(turn => isObject(turn) && typeof whoIn(turn) === 'string')

/** Who speaks in a turn, where it is somebody who is known. */
export function speakerOf(turn: unknown): Speaker | undefined {
  const who = isObject(turn) ? whoIn(turn) : undefined
  const name = typeof who === 'string' ? who.trim().toLowerCase() : ''
  return Object.hasOwn(speakers, name) ? speakers[name] : undefined
}

/** What a turn says without text: the tools that it calls. */
function callsIn(turn: Record<string, unknown>): string | undefined {
  const calls = Array.isArray(turn['tool_calls']) && turn['tool_calls'].length > 0 ? turn['tool_calls'] : undefined
  const call = calls ?? (isObject(turn['function_call']) ? [turn['function_call']] : undefined)
  if (call === undefined) return undefined
  return call
    .map((one: unknown) => JSON.stringify(isObject(one) && isObject(one['function']) ? one['function'] : one))
    .join('\n')
}

/**
 * The turns of a conversation. A tool's result stands as a user's turn: it is read, and not learnt; several that follow
 * each other are one. A call of tools without text stands as the calls.
 */
export function conversation(turns: readonly unknown[]): { messages: ChatMessage[] } | Fault {
  const form = turnForm(turns)
  const messages: ChatMessage[] = []
  let last: Speaker | undefined
  for (const [i, turn] of turns.entries()) {
    const number = i + 1
    if (typeof turn === 'string') {
      last = i % 2 === 0 ? 'user' : 'assistant'
      messages.push({ role: last, content: turn })
      continue
    }
    if (!isObject(turn)) return fault('not-a-turn', `${form} row whose turn ${number} is no turn`)
    const speaker = speakerOf(turn)
    const who = whoIn(turn)
    if (speaker === undefined)
      return fault(
        'unknown-speaker',
        typeof who === 'string'
          ? `${form} row whose turn ${number} is by "${who.slice(0, 40)}", who is neither user nor assistant`
          : `${form} row whose turn ${number} does not say who speaks`
      )
    const said = textIn(turn['content'] ?? turn['value'] ?? turn['text'] ?? turn['message'] ?? turn['parts'])
    if (isFault(said)) return fault(said.code, `${form} row, and in turn ${number} ${said.says}`)
    const text = said === undefined || said === '' ? callsIn(turn) : said
    if (text === undefined || text === '')
      return fault('empty-text', `${form} row whose turn ${number}, the ${nameOf(speaker)}, says nothing`)
    const before = messages.at(-1)
    if (speaker === 'tool' && last === 'tool' && before !== undefined)
      messages[messages.length - 1] = { role: 'user', content: `${before.content}\n${text}` }
    else messages.push({ role: speaker === 'tool' ? 'user' : speaker, content: text })
    last = speaker
  }
  if (last === undefined) return fault('no-answer', `${form} row without a turn`)
  if (last !== 'assistant') return fault('no-answer', `${form} row whose last turn is the ${nameOf(last)}`)
  if (messages.length < 2) return fault('no-answer', `${form} row of one turn, with nothing that it answers`)
  return { messages }
}

const nameOf = (speaker: Speaker): string => `${speaker}'s`
