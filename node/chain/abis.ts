import type { Abi } from 'viem'
import {
  attributionAnchorAbi,
  contributionBondsAbi,
  datanetRegistryAbi,
  jobEscrowAbi,
  juriesAbi,
  modelRegistryAbi,
  nodeRegistryAbi,
  paymentChannelsAbi,
  servingBondsAbi,
  tilthTokenAbi,
  trainingAuditsAbi
} from '../../protocol/contracts/index.ts'
import type { Addresses } from './addresses.ts'

/** What each contract of a deployment is called by. */
export const abis = {
  token: tilthTokenAbi,
  registry: nodeRegistryAbi,
  datanets: datanetRegistryAbi,
  bonds: contributionBondsAbi,
  models: modelRegistryAbi,
  escrow: jobEscrowAbi,
  channels: paymentChannelsAbi,
  anchor: attributionAnchorAbi,
  juries: juriesAbi,
  audits: trainingAuditsAbi,
  serving: servingBondsAbi
} as const satisfies Record<keyof Addresses, Abi>
