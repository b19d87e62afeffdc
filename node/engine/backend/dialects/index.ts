import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { Way } from '../http.ts'
import type { BackendKind } from '../types.ts'
import { llama } from './llama.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { vllm } from './vllm.ts'
import type { Dialect } from './dialect.ts'

export type { Dialect, Piece, Question, ToldToken } from './dialect.ts'

const dialects = { vllm, 'llama.cpp': llama, ollama, openai } as const satisfies Record<BackendKind, Dialect>

/** The most telling question first; any of them answers the last. */
const tried: readonly Dialect[] = [llama, vllm, ollama, openai]

/**
 * How a server is spoken to: as its owner says, else as it answers.
 * @throws as callJson where it is not there · InvalidError `backend-answer` where it is nothing that is known
 */
export async function dialectOf(way: Way, kind: BackendKind | 'auto', signal?: AbortSignal): Promise<Dialect> {
  if (kind !== 'auto') return dialects[kind]
  let last: unknown
  for (const dialect of tried) {
    try {
      if (await dialect.is(way, signal)) return dialect
    } catch (error) {
      signal?.throwIfAborted()
      // Another kind has nothing there, or asks for more; whoever is away is away for all of them.
      if (!(error instanceof TilthError) || error.code === 'backend-away' || error.code === 'backend-silent')
        throw error
      if (error.code === 'backend-key' || error.code === 'worker.busy') throw error
      last = error
    }
  }
  throw new InvalidError('backend-answer', `the server at ${way.url} is none that is known`, {
    cause: last,
    help: 'It should be vLLM, llama.cpp, Ollama, or have /v1/models and /v1/completions with log-probabilities.'
  })
}
