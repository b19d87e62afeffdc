import type { Message } from '../../protocol/crypto/index.ts'
import type { InferenceContent } from '../../protocol/models/index.ts'
import { NotFoundError } from '../../protocol/primitives/index.ts'
import type { GenerateJob } from '../engine/index.ts'

/** How an answer is spoken: what its client has signed for, as the engine is told. */
export const spokenBy = (
  content: InferenceContent,
  { seed }: Pick<Message<'InferenceRequest'>, 'seed'>
): Pick<GenerateJob, 'resumeIds' | 'settings'> => ({
  resumeIds: content.resume,
  settings: {
    maxTokens: content.maxTokens,
    temperature: content.temperature,
    seed: Number(seed & 0xffffffffn),
    stop: content.stop,
    ...(content.form === undefined ? {} : { form: content.form }),
    ...(content.logprobs === undefined ? {} : { logprobs: content.logprobs }),
    ...(content.topK === 0 ? {} : { topK: content.topK }),
    ...(content.topP === 1 ? {} : { topP: content.topP })
  }
})

/** Who serves every model over a base reads no version of a stranger's for it: rows are for what it serves by name. */
export const withoutItsRows = (): NotFoundError =>
  new NotFoundError(
    'context.none',
    'this worker serves the model for its base, and has no rows to put before a question',
    {
      help: 'Ask without rows, or ask a worker that serves the model by name.'
    }
  )

/** A base that is served as it is has no rows to be asked with. */
export const withoutRows = (): NotFoundError =>
  new NotFoundError('context.none', 'the model is made of no Datanet, so no rows can be put before a question', {
    help: 'Ask without rows, or ask a model that was tuned.'
  })
