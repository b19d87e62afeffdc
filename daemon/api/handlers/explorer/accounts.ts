import type { Node } from '../../../../node/node.ts'
import { isOver } from '../../../../node/jobs/index.ts'
import { peerNamed } from '../../../../node/transport/index.ts'
import { InvalidError, address, everyItem } from '../../../../protocol/primitives/index.ts'
import type { Address } from '../../../../protocol/primitives/index.ts'
import type { AccountView } from '../../contract/index.ts'
import { ownOfBoth } from '../given.ts'

type Parts = Pick<Node, 'data' | 'jobs' | 'models' | 'account' | 'chain' | 'transport' | 'self'>

/** Datanets, models and jobs that are shown of one account; contributions that are looked at in one Datanet. */
const mostShown = 100
const mostContributions = 5_000

/** Who is meant: an address, or the PeerId whose key is the account's. @throws InvalidError `account.text` */
export function accountMeant(text: string): { account: Address; peer: string | null } {
  const plain = address.safeParse(text.startsWith('0x') ? text : `0x${text}`)
  if (plain.success) return { account: plain.data, peer: null }
  const peer = peerNamed(text)
  if (peer !== undefined) return { account: peer.address, peer: peer.peerId }
  throw new InvalidError('account.text', `${text.slice(0, 80)} is neither an account nor a PeerId`, {
    help: 'An account is 0x and 40 hexadecimal digits; a PeerId of this network begins with 16Uiu2.'
  })
}

async function datanetsOf({ data }: Parts, account: Address): Promise<AccountView['datanets']> {
  const found: AccountView['datanets'] = []
  const followed = new Set(data.followed().map(({ id }) => id))
  for await (const { id, host, rules } of everyItem(page => data.datanets(page))) {
    if (found.length >= mostShown) break
    const counts: { contributions: number; accepted: number; own: number | null } = {
      contributions: 0,
      accepted: 0,
      own: 0
    }
    let looked = 0
    if (followed.has(id))
      for await (const one of everyItem(page => data.contributions(id, page))) {
        if (looked++ >= mostContributions) break
        if (one.contributor !== account) continue
        counts.contributions++
        if (one.status !== 'accepted' || one.removed !== undefined) continue
        counts.accepted++
        counts.own = ownOfBoth(counts.own, one.own)
      }
    const roles: AccountView['datanets'][number]['roles'] = [
      ...(host === account ? (['host'] as const) : []),
      ...(rules.validators.some(one => one.address === account) ? (['validator'] as const) : []),
      ...(counts.contributions > 0 ? (['contributor'] as const) : [])
    ]
    if (roles.length > 0) found.push({ id, name: rules.name, roles, ...counts })
  }
  return found
}

function modelsOf({ models }: Parts, account: Address): AccountView['models'] {
  return models
    .models()
    .flatMap(({ id, name, builder, worker, offers }): AccountView['models'] => [
      ...(builder === account ? [{ id, name, as: 'builder' as const }] : []),
      ...(worker === account && builder !== account ? [{ id, name, as: 'trainer' as const }] : []),
      ...(offers.some(offer => offer.worker === account) ? [{ id, name, as: 'server' as const }] : [])
    ])
    .slice(-mostShown)
}

function jobsOf({ jobs }: Parts, account: Address): AccountView['jobs'] {
  return jobs
    .jobs()
    .flatMap((job): AccountView['jobs'] => [
      ...(job.builder === account ? [{ id: job.id, as: 'builder' as const, state: job.state }] : []),
      ...(job.awards.some(({ worker }) => worker === account)
        ? [{ id: job.id, as: 'worker' as const, state: isOver(job) ? job.state : 'under way' }]
        : [])
    ])
    .slice(0, mostShown)
}

/** An account, and what it has to do with the network as far as this node knows. */
export async function accountOf(parts: Parts, text: string): Promise<AccountView> {
  const { account, peer } = accountMeant(text)
  const { chain, transport, self } = parts
  const connected = transport.peers.connected().find(one => one.address === account)
  const contract = Object.entries(chain.addresses).find(([, at]) => at === account)?.[0] ?? null
  const [balance, gas, stake, payout, paid, datanets] = await Promise.all([
    chain.tokens.balanceOf(account),
    chain.tokens.gasOf(account),
    chain.nodes.stakeOf(account),
    chain.nodes.payoutOf(account),
    chain.ledger.account(account),
    datanetsOf(parts, account)
  ])
  return {
    account,
    peer: peer ?? connected?.peerId ?? (account === self ? transport.peers.self.peerId : null),
    connected: connected !== undefined || account === self,
    contract,
    balance: balance.toString(),
    gas: gas.toString(),
    stake: stake.toString(),
    payout,
    paid: Object.values(paid.income)
      .reduce((sum, { amount }) => sum + amount, 0n)
      .toString(),
    datanets,
    models: modelsOf(parts, account),
    jobs: jobsOf(parts, account)
  }
}
