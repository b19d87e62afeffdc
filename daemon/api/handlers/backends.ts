import type { BackendStatus } from '../../../node/engine/backend/index.ts'
import type { Node } from '../../../node/node.ts'
import { pageOf } from '../../../protocol/primitives/index.ts'
import type { BackendView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

function backendView({ kind, error, can, model, context, checked, ...rest }: BackendStatus): BackendView {
  return {
    ...rest,
    kind: kind ?? null,
    error: error === undefined ? null : { ...error, help: error.help ?? null },
    can: can === undefined ? null : { ...can, logprobs: can.logprobs ?? null },
    model: model ?? null,
    context: context ?? null,
    checked: checked.map(({ adapter, at, agreement: { tokens, answers, why } }) => ({
      adapter,
      at,
      tokens,
      answers:
        answers === undefined ? null : { ...answers, mean: answers.mean ?? null, largest: answers.largest ?? null },
      why: why ?? null
    }))
  }
}

export const backendHandlers = ({ backends }: Pick<Node, 'backends'>): Pick<Handlers, 'backends' | 'checkBackend'> => ({
  backends: async ({ params }) => pageOf(backends.status().map(backendView), params, ({ name }) => name),
  checkBackend: async ({ params: { name } }) => backendView(await backends.check(name))
})
