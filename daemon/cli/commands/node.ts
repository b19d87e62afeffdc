import type { Command } from 'commander'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, table, tokens } from '../output.ts'

export function statusCommand(): Command {
  return connected(
    command({
      name: 'status',
      summary: 'who this daemon is and how it stands',
      examples: ['tilth status', 'tilth status --as worker-1 --json']
    })
  ).action(
    guarded(async (flags: CallFlags) => {
      await show(
        flags,
        api => api.call('status'),
        status =>
          [
            `node     ${status.address}  ${dim(status.peerId)}`,
            `roles    ${status.roles.join(', ')}`,
            `peers    ${status.peers}`,
            `chain    ${status.chain.id} at block ${status.chain.block}, ${status.chain.rpc}`,
            `balance  ${tokens(status.balance)}`,
            `listens  ${status.addresses.join('\n         ')}`,
            `up       ${status.uptimeSeconds} s, version ${status.version}`
          ].join('\n')
      )
    })
  )
}

export function peersCommand(): Command {
  return listing(connected(command({ name: 'peers', summary: 'connected peers', examples: ['tilth peers'] }))).action(
    guarded(async (flags: ListFlags) => {
      await showList(
        flags,
        (api, params) => api.call('peers', { params }),
        peers =>
          peers.length === 0
            ? 'no peers connected'
            : table(
                ['peer', 'account'],
                peers.map(peer => [peer.peerId, peer.address])
              )
      )
    })
  )
}
