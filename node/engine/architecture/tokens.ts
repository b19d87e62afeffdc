import { ModelError } from '../graph/errors.ts'
import type { ModelConfig } from './config.ts'

/** Throws a ModelError where a sequence does not fit the model: too long, or with a token that it does not have. */
export function checkTokens(
  ids: ArrayLike<number>,
  { vocabulary, context }: Pick<ModelConfig, 'vocabulary' | 'context'>,
  where = ''
): void {
  const at = where === '' ? '' : `${where}: `
  if (ids.length > context)
    throw new ModelError('prompt-long', `${at}${ids.length} tokens do not fit a context of ${context}`)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] ?? -1
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary)
      throw new ModelError('prompt-token', `${at}token ${id} is outside the vocabulary of ${vocabulary}`)
  }
}
