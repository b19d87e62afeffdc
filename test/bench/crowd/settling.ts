import { payoutsTree, rebuild } from '../../../protocol/payouts/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import { channelsOf, epochFrom, network, receiptsOf } from '../../protocol/payouts/world.ts'

export interface Settled {
  readonly clients: number
  readonly receipts: number
  readonly megabytes: number
  /** Of a processor, to make the bundle, and for whoever looks on to make it again and compare. */
  readonly buildSeconds: number
  readonly checkSeconds: number
}

const seconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6

/** An epoch of so many clients with a channel each and ten answers in it. */
export function settle(clients: number): Settled {
  const each = 10
  const receipts = receiptsOf(
    Array.from({ length: clients * each }, (_, i) => ({
      client: `client ${i % clients}`,
      worker: `worker ${i % 20}`,
      sequence: BigInt(1 + Math.floor(i / clients)),
      fee: 1_000_000n
    }))
  )
  const channels = channelsOf(receipts)
  const began = process.cpuUsage()
  const bundle = epochFrom({ receipts, channels })
  const built = seconds(process.cpuUsage(began))
  const looking = process.cpuUsage()
  const again = rebuild(bundle, { network, previous: undefined })
  if (again.payoutsRoot !== payoutsTree(bundle.payouts).root.hash) throw new Error('it is made otherwise again')
  return {
    clients,
    receipts: receipts.length,
    megabytes: canonicalJson(bundle).length / 1e6,
    buildSeconds: built,
    checkSeconds: seconds(process.cpuUsage(looking))
  }
}
