import type { Channels, Datanets, Models, Payouts, ServingCalls } from './calls/index.ts'
import type { Chain } from './client.ts'
import type { Views } from './ledger/index.ts'

/** Asked once: what can never change. A failed try is made again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined
  return () =>
    (kept ??= ask().catch((error: unknown) => {
      kept = undefined
      throw error
    }))
}

/**
 * The calls of a chain with those answered from the ledger that cannot change once they are there: registrations,
 * anchored versions, commitments, the contracts' rules. What is not there yet is asked of the RPC.
 */
export function fromLedger(
  chain: Pick<Chain, 'channels' | 'datanets' | 'models' | 'payouts' | 'serving'>,
  views: Views
): { channels: Channels; datanets: Datanets; models: Models; payouts: Payouts; serving: ServingCalls } {
  return {
    datanets: {
      ...chain.datanets,
      rosterSilence: once(() => chain.datanets.rosterSilence()),
      version: async (datanet, version) =>
        (await views.version(datanet, version)) ?? chain.datanets.version(datanet, version),
      commitment: async contribution =>
        (await views.commitment(contribution)) ?? chain.datanets.commitment(contribution)
    },
    models: {
      ...chain.models,
      async model(id) {
        const known = await views.model(id)
        if (known === undefined) return chain.models.model(id)
        const { builder, retired, registration } = known
        return { id, builder, retired, ...registration }
      }
    },
    channels: { ...chain.channels, disputeWindow: once(() => chain.channels.disputeWindow()) },
    payouts: { ...chain.payouts, rules: once(() => chain.payouts.rules()) },
    serving: { ...chain.serving, penalty: once(() => chain.serving.penalty()) }
  }
}
