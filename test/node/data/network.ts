import type { DatanetRules } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createDataService } from '../../../node/data/index.ts'
import type { ContributionView, DataDeps, DataEvents, DataService } from '../../../node/data/index.ts'
import { peersOf, startWorld } from '../../harness/index.ts'
import type { Peer, Resident } from '../../harness/index.ts'

export { coin } from '../../harness/index.ts'

// A network for this phase: real libp2p, store and chain in one process.

export type Options = Partial<
  Pick<
    DataDeps,
    'anchor' | 'autoVote' | 'chain' | 'checks' | 'clock' | 'follow' | 'log' | 'questions' | 'storage' | 'timing'
  >
>
export type TestPeer = Peer<DataService, DataEvents, Options>

export interface TestNetwork {
  readonly rpcUrl: string
  readonly peers: readonly TestPeer[]
  /** @param free tokens that it holds besides */
  account(name: string, stake?: bigint, free?: bigint): Promise<Resident>
  add(name: string, options?: Options): Promise<TestPeer>
  start(account: Resident, options?: Options): Promise<TestPeer>
  /** Ends a peer's parts; its folder stays. */
  stopPeer(peer: TestPeer): Promise<void>
  /** The chain's time goes on by so many seconds. */
  advance(seconds: number): Promise<void>
  stop(): Promise<void>
}

export async function startNetwork(deployed: { rosterSeconds?: number } = {}): Promise<TestNetwork> {
  const world = await startWorld('data', deployed)
  const peers = peersOf<DataService, DataEvents, Options>(world, (common, _, options) =>
    createDataService({
      ...common,
      ...options,
      timing: { tickMs: 100, syncMs: 500, ...options.timing }
    })
  )
  const account = (name: string, stake = 0n, free = 0n): Promise<Resident> =>
    peers.resident(name, { tokens: stake + free, stake })
  const start = (resident: Resident, options: Options = {}): Promise<TestPeer> => peers.start(resident, options)
  return {
    rpcUrl: world.anvil.rpcUrl,
    peers: peers.running,
    account,
    start,
    add: async (name, options) => start(await account(name), options),
    stopPeer: peer => peers.end(peer),
    advance: seconds => world.anvil.advance(seconds),
    stop: () => world.stop()
  }
}

/** The whole list, as far as the first page goes. */
export const listOf = async (peer: TestPeer, datanet: Hex): Promise<readonly ContributionView[]> =>
  ((await peer.service.datanet(datanet))?.roles.length ?? 0) === 0
    ? []
    : (await peer.service.contributions(datanet)).items

/** Two Datanets of the same host, rules and second would be one. */
let described = 0
export const rulesFor = (
  validators: readonly Address[],
  changes: Partial<DatanetRules> = {}
): Omit<DatanetRules, 'heldOut'> => ({
  name: 'things',
  description: `number ${described++}`,
  licence: 'CC0-1.0',
  maxRows: 1000,
  maxBytes: 1 << 20,
  uploadsPerContributor: 2,
  nearDuplicate: 500,
  minOwnShare: 500,
  validators: validators.map(address => ({ address, weight: 1 })),
  revealSeconds: 30,
  voteSeconds: 30,
  ...changes
})

export const jsonl = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([prompt, response]) => JSON.stringify({ prompt, response })).join('\n')
