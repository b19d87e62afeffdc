import {
  modelId,
  modelRegistryAbi,
  registrationStruct,
  withoutStruct,
  type Registration
} from '../../../protocol/contracts/index.ts'
import { zeroAddress } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface ModelOnChain extends Registration {
  readonly id: Hex
  readonly builder: Address
  readonly retired: boolean
}

export interface Models {
  model(id: Hex): Promise<ModelOnChain | undefined>
  /** The id a registration by this builder has or would have: keccak256(abi.encode(builder, registration)). Pure. */
  idOf(builder: Address, registration: Registration): Hex
  register(registration: Registration): Promise<Mined & { model: Hex }>
  /** No new channels for this model; open ones go on. Builder only. */
  retire(model: Hex): Promise<Mined>
}

export function createModels(connection: Connection, { models }: Addresses): Models {
  const at = { address: models, abi: modelRegistryAbi } as const
  return {
    async model(id) {
      const { builder, retired, registration } = await connection.read({
        ...at,
        what: `model ${id}`,
        functionName: 'modelOf',
        args: [id]
      })
      if (builder === zeroAddress) return undefined
      const { worker, ...rest } = withoutStruct(registration)
      return { id, builder: lower(builder), retired, ...rest, worker: lower(worker) }
    },
    idOf: modelId,
    async register(registration) {
      const receipt = await connection.write({
        ...at,
        what: `registering ${registration.name}`,
        functionName: 'register',
        args: [registrationStruct(registration)]
      })
      return { ...mined(receipt), model: eventOf(receipt, modelRegistryAbi, 'ModelRegistered').model }
    },
    retire: async model =>
      mined(await connection.write({ ...at, what: `retiring ${model}`, functionName: 'retire', args: [model] }))
  }
}
