import type { BackendView } from '../../daemon/api/contract/backends.ts'
import { numberText, shortId } from '../formats/index.ts'

type Agreement = BackendView['checked'][number]

const kinds = {
  vllm: 'vLLM',
  'llama.cpp': 'llama.cpp',
  ollama: 'Ollama',
  openai: 'another with /v1/completions'
} as const
export const kindText = (kind: BackendView['kind']): string => (kind === null ? 'not met yet' : kinds[kind])

export const kindOptions = [
  { value: 'auto', name: 'ask it what it is' },
  ...Object.entries(kinds).map(([value, name]) => ({ value, name }))
]

/** What it does now, in words; a state of the next start goes before it. */
export function stateText({ state, pending }: Pick<BackendView, 'state' | 'pending'>): string {
  if (pending === 'added') return 'used from the next start on'
  const now = {
    new: 'not met yet',
    checking: 'is being compared',
    ready: 'answers',
    away: 'is not reached',
    refused: 'does not answer for this node'
  }[state]
  return pending === 'removed' ? `${now}, until the next start` : now
}

/** What it can do: how prompts and adapters come to it, and what it tells of tokens. */
export const canText = ({ promptIds, tokenIds, logprobs, adapters }: NonNullable<BackendView['can']>): string =>
  `prompts as ${promptIds ? 'tokens' : 'text'}, tokens ${tokenIds ? 'by id' : 'by their bytes'}, ` +
  `${logprobs === null ? 'no log-probabilities' : `up to ${logprobs} likeliest`}, ` +
  {
    loaded: 'adapters loaded while it runs',
    started: 'adapters with its start',
    named: 'adapters as models of their own'
  }[adapters]

/** How its answers stand to those of the node's own engine. */
export function agreedText({ tokens, answers, why }: Agreement): string {
  const cut =
    tokens.of === 0 ? 'it does not say how it cuts prompts' : `${tokens.same} of ${tokens.of} prompts cut alike`
  if (answers === null) return `${cut}; answers not compared: ${why ?? 'nothing was said'}`
  const apart = answers.mean === null ? '' : `, ${numberText(answers.mean)} nats apart on average`
  return `${cut}; ${answers.same} of ${answers.of} tokens as here${apart}`
}

export const ofText = ({ adapter }: Agreement): string => (adapter === '' ? 'the base alone' : shortId(adapter))

/** Where its key is, never what it is. */
export function keyText({ key, keyVariable }: Pick<BackendView, 'key' | 'keyVariable'>): string {
  if (key === 'file') return 'in a file of this machine’s owner'
  if (key === 'environment') return `in the variable ${keyVariable ?? ''}`
  return keyVariable === undefined ? 'none is sent' : `none is sent; it would be read from ${keyVariable}`
}
