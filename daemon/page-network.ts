import { isForPages } from '../protocol/wire/pages.ts'
import type { DaemonConfig } from './config/index.ts'

/**
 * What the page that is a peer itself is told of the network, without a sign-in: contracts, where nodes are that it can
 * dial, and on a local network the chain's RPC, which answers pages by WebSocket. Elsewhere an RPC's address may hold
 * its owner's secret, and whoever opens the page names one.
 */
export function pageNetwork(
  { preset, chain: { rpc, contracts }, bootstrap, localNetwork }: DaemonConfig,
  listening: readonly string[],
  chainId: number
) {
  const pageRpc = localNetwork === undefined ? undefined : rpc.replace(/^http/, 'ws')
  return {
    version: 1,
    preset,
    chain: { ...(pageRpc === undefined ? {} : { rpc: pageRpc, pageRpc }), chainId, contracts },
    bootstrap: [...new Set([...listening, ...bootstrap])].filter(isForPages).slice(0, 64)
  } as const
}
