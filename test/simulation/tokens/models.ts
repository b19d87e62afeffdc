import type { Chain } from '../../../node/chain/index.ts'
import type { ModelOnChain } from '../../../node/chain/types.ts'
import { modelId } from '../../../protocol/contracts/index.ts'
import type { Registration } from '../../../protocol/contracts/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { requires } from './state.ts'
import type { Access, Call } from './state.ts'

// ModelRegistry.sol, as far as it is used here.

export const register =
  (registration: Registration): Call =>
  ({ models }, { from: builder }) => {
    const id = modelId(builder, registration)
    requires(!models.has(id), 'AlreadyRegistered')
    models.set(id, { id, builder, retired: false, ...registration } satisfies ModelOnChain)
    const { datanet } = registration
    return [{ name: 'ModelRegistered', model: id, builder, datanet, registration }]
  }

export const modelCalls = (account: Address, { send, read }: Access): Chain['models'] => ({
  model: id => read(({ models }) => models.get(id)),
  idOf: modelId,
  async register(registration) {
    return { ...(await send(register(registration))), model: modelId(account, registration) }
  },
  retire: id =>
    send(({ models }, { from }) => {
      const known = models.get(id)
      requires(known?.builder === from, 'NotTheBuilder')
      requires(!known.retired, 'AlreadyRetired')
      models.set(id, { ...known, retired: true })
      return [{ name: 'ModelRetired', model: id }]
    })
})
