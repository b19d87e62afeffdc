import { InvalidError } from '../../../../protocol/primitives/index.ts'
import type { CompletionRequest } from '../../contract/index.ts'

type Turn = CompletionRequest['messages'][number]
export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

const unreadable = (type: string, at: string): InvalidError =>
  new InvalidError('request.unsupported', `${at} is of type ${type.slice(0, 40)}: models of this network read text`, {
    help: 'Send text alone.',
    details: { param: at }
  })

/** [reject] Text parts are joined; what is no text is refused by its place. */
function textOf(content: Turn['content'], at: string): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  return content
    .map(({ type, text, refusal }, i) => {
      if (type === 'text' || type === 'input_text' || type === 'output_text') return text ?? ''
      if (type === 'refusal') return refusal ?? ''
      throw unreadable(type, `${at}.content[${i}]`)
    })
    .join('')
}

const callText = ({ name, arguments: given }: { name: string; arguments?: string | null | undefined }): string =>
  `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given === '' ? '{}' : (given ?? '{}')}}\n</tool_call>`

type Called = NonNullable<Turn['tool_calls']>[number]

/** [reject] What was called is a function, or what takes a text; a call of which nothing is read is not left out. */
function calledIn({ type, function: called, custom }: Called, at: string): { name: string; arguments?: string | null } {
  if (called) return { name: called.name, arguments: called.arguments ?? null }
  if (custom) return { name: custom.name, arguments: JSON.stringify(custom.input ?? '') }
  throw new InvalidError('request.unsupported', `${at} is a call of type ${type ?? 'none'}, which is not supported`, {
    help: 'Send calls of functions.',
    details: { param: at }
  })
}

/** What a turn said, with the tools that it called in the form in which most open models learn them. */
function saidIn(turn: Turn, at: string): string {
  const text = textOf(turn.content, at) || (turn.refusal ?? '')
  // [reject] What was spoken stands nowhere as text.
  if (text === '' && turn.audio) throw unreadable('audio', `${at}.audio`)
  if (turn.role === 'tool' || turn.role === 'function') return `<tool_response>\n${text}\n</tool_response>`
  const called: Parameters<typeof callText>[0][] = (turn.tool_calls ?? []).map((call, i) =>
    calledIn(call, `${at}.tool_calls[${i}]`)
  )
  if (turn.function_call) called.push(turn.function_call)
  return [...(text === '' ? [] : [text]), ...called.map(callText)].join('\n')
}

const roleOf = ({ role }: Turn): Message['role'] =>
  role === 'developer' ? 'system' : role === 'tool' || role === 'function' ? 'user' : role

/**
 * A conversation as clients keep it, as models read it: tools' turns become text, a turn without a word is left out,
 * and what then stands side by side from one speaker is one turn, since templates may ask that they alternate.
 * @throws InvalidError `request.unsupported`, `request.invalid` with the `param` in the details
 */
export function historyOf(turns: readonly Turn[]): Message[] {
  const messages: Message[] = []
  let joins = false
  for (const [i, turn] of turns.entries()) {
    const content = saidIn(turn, `messages[${i}]`)
    const role = roleOf(turn)
    const isTools = turn.role === 'tool' || turn.role === 'function'
    const last = messages.at(-1)
    if (content === '') joins = true
    else if (last?.role === role && (joins || isTools)) {
      last.content += `\n${content}`
      joins = isTools
    } else {
      messages.push({ role, content })
      joins = isTools
    }
  }
  if (messages.length === 0)
    throw new InvalidError('request.invalid', 'messages hold no text: there is nothing to answer', {
      details: { param: 'messages' }
    })
  return messages
}
