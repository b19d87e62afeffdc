import type { DaemonConfig } from './config/index.ts'

/** What pages can dial. */
const dialled = /\/(?:wss?|webrtc-direct)(?:\/|$)/

/**
 * What the page that is a peer itself is told of the network: contracts, where nodes are that it can dial, and an RPC.
 * The daemon's own RPC may hold a secret in its address, and does not answer pages; so it is the one that its owner
 * has named for them, or on a local network the chain's own, which answers them by WebSocket.
 */
export function pageNetwork(
  { preset, chain: { rpc, contracts }, bootstrap, api, localNetwork }: DaemonConfig,
  listening: readonly string[],
  chainId: number
) {
  const pageRpc = api.consoleRpc ?? (localNetwork === undefined ? undefined : rpc.replace(/^http/, 'ws'))
  return {
    version: 1,
    preset,
    chain: { ...(pageRpc === undefined ? {} : { rpc: pageRpc, pageRpc }), chainId, contracts },
    bootstrap: [...new Set([...listening, ...bootstrap])].filter(address => dialled.test(address)).slice(0, 64)
  } as const
}
