import type { Abi, ContractErrorName } from 'viem'
import { abis } from '../abis.ts'

/** Every contract of a deployment as one ABI: an error may come from a contract that the called one called. */
export const allAbis = Object.values(abis).flat()

/** Every error that one of our contracts can refuse with. */
export type RefusalName = ContractErrorName<typeof allAbis>
export const refusalAbi: Abi = allAbis.filter(item => item.type === 'error')
