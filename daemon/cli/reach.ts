import { freshSeconds } from '../../protocol/wire/index.ts'
import type { ReachStatus, StatusView } from '../api/contract/index.ts'

const states: Record<ReachStatus['state'], string> = {
  open: 'others can dial this node',
  relayed: 'others reach this node through a relay only',
  closed: 'nobody can dial this node',
  unknown: 'not known yet whether others can dial this node',
  local: 'a local network: nobody outside is to dial this node'
}
const proofs: Record<ReachStatus['addresses'][number]['proof'], string> = {
  dialled: 'a peer dialled it',
  inbound: 'somebody came by it',
  relay: 'through a relay',
  announced: 'announced, tried by nobody yet',
  failed: 'peers tried and could not',
  none: 'tried by nobody yet'
}

/** Whether others can dial a node, in one sentence, and each of its addresses with how that is known. */
export function reachText({ state, addresses }: ReachStatus): { summary: string; lines: string[] } {
  const good = [
    ...new Set(addresses.filter(({ proof }) => proof === 'dialled' || proof === 'inbound').map(({ over }) => over))
  ]
  return {
    summary: states[state] + (good.length === 0 ? '' : `, over ${good.join(', ')}`),
    lines: state === 'local' ? [] : addresses.map(({ address, proof }) => `${address} (${proofs[proof]})`)
  }
}

/** What a clock that is off costs, if it is: undefined when it is not. */
export function clockFault({ secondsAhead, peers }: StatusView['clock']): string | undefined {
  if (peers === 0 || Math.abs(secondsAhead) < freshSeconds / 2) return undefined
  const off = `${Math.abs(secondsAhead)} seconds ${secondsAhead > 0 ? 'behind' : 'ahead of'}`
  return `this machine's clock is ${off} that of ${peers} peer${peers === 1 ? '' : 's'}`
}

const ignored = `messages more than ${freshSeconds} seconds off are ignored`
export const clockHelp = `Set it by NTP (timedatectl set-ntp true): ${ignored}.`
