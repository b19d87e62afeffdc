import type { ChatMessage } from '../types.ts'

/** A row as a line of a shard: the one form that is contributed, whatever file the row came from. */
export function lineOf({ messages }: { readonly messages: readonly ChatMessage[] }): string {
  const [first, second] = messages
  if (messages.length === 2 && first?.role === 'user' && second?.role === 'assistant')
    return JSON.stringify({ prompt: first.content, response: second.content })
  return JSON.stringify({ messages: messages.map(({ role, content }) => ({ role, content })) })
}
