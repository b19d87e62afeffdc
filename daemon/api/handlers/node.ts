import { pageOf } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Handlers } from '../server/index.ts'
import { unaudited } from './audits.ts'
import { foundOut } from './standings.ts'
import { createShareAsked } from './data-share.ts'
import { wholeBases } from './whole-bases.ts'

/** How many of the jobs that were not bid for the status shows. */
const declinedShown = 5

/** How the node's reading of its chain stands. */
function reading({ ledger, addresses }: Node['chain']) {
  const { state, block, error, provider } = ledger.state()
  return {
    contracts: { ...addresses },
    state,
    ...(block === undefined ? {} : { read: block.toString() }),
    ...(error === undefined ? {} : { error: error.message }),
    confirmations: Number(ledger.confirmations),
    provider: { ...provider }
  }
}

/** Own models that are shown, of those that give their data too little. */
const unweighedShown = 20

/** The node's own models that nobody weighs, the newest first. */
async function unweighed({ chain, data, models, self }: Pick<Node, 'chain' | 'data' | 'models' | 'self'>) {
  const asked = createShareAsked({ chain, data })
  const found = []
  for (const model of models.models().toReversed()) {
    if (model.retired || model.builder !== self) continue
    const { leastDataShare } = await asked(model)
    const { id, name, split } = model
    if (leastDataShare !== undefined) found.push({ id, name, split, leastDataShare })
    if (found.length === unweighedShown) break
  }
  return found.length === 0 ? {} : { unweighed: found }
}

export function nodeHandlers(
  node: Node,
  { version, rpc, consoleRpc }: { version: string; rpc: string; consoleRpc?: string | undefined }
): Pick<Handlers, 'health' | 'status' | 'peers'> {
  const started = Date.now()
  const {
    chain,
    transport: { peers, reach, clockSkew }
  } = node
  return {
    async health() {
      const reached = await chain.head().then(
        () => true,
        () => false
      )
      return { ok: reached, peers: peers.connected().length, chain: reached }
    },
    async status() {
      const [{ block }, wallet] = await Promise.all([chain.head(), node.account.wallet()])
      const { fees, earned: _earned, ...activity } = node.models.activity()
      return {
        version,
        peerId: peers.self.peerId,
        address: node.self,
        roles: [...node.roles],
        addresses: peers.listening(),
        peers: peers.connected().length,
        reach: reach.view(),
        clock: { secondsAhead: clockSkew().seconds, peers: clockSkew().peers },
        chain: {
          id: chain.network.chainId,
          rpc,
          ...(consoleRpc === undefined ? {} : { consoleRpc }),
          block: block.toString(),
          ...reading(chain)
        },
        balance: wallet.balance.toString(),
        gas: wallet.gas.toString(),
        transactions: wallet.transactions,
        stake: wallet.stake.toString(),
        minStake: wallet.minStake.toString(),
        serving: node.models
          .offers()
          .filter(({ worker }) => worker === node.self)
          .map(({ model, inputPrice, outputPrice, tokensPerSecond }) => ({
            model,
            name: node.models.model(model)?.name ?? '',
            inputPrice: inputPrice.toString(),
            outputPrice: outputPrice.toString(),
            tokensPerSecond
          })),
        ...wholeBases(node.models),
        ...(await unweighed(node)),
        ...(await unaudited(node)),
        ...(await foundOut(node)),
        activity: { ...activity, fees: fees.toString() },
        owed: wallet.owed.toString(),
        claimable: wallet.claimable.toString(),
        away: node.availability.away() ?? null,
        automation: node.automations.views(),
        declined: node.jobs.declined({ limit: declinedShown }).items,
        uptimeSeconds: Math.round((Date.now() - started) / 1000)
      }
    },
    peers: async ({ params }) =>
      pageOf(
        peers.connected().map(({ peerId, address }) => ({ peerId, address, way: peers.way(peerId) ?? 'direct' })),
        params,
        ({ peerId }) => peerId
      )
  }
}
