import type { ContributionView } from '../../node/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Cast } from './cast.ts'

// What holds whatever happens, and what holds once the troubles have stopped.

export const isDecided = ({ status }: ContributionView): boolean =>
  status === 'accepted' || status === 'rejected' || status === 'expired'

const short = (id: Hex): string => id.slice(0, 10)

/** What is looked at all the time: who has accepted what stays with it, and with what others have accepted. */
export function createWatch(fault: (text: string) => void): (by: string, list: readonly ContributionView[]) => void {
  const accepted = new Map<Hex, { readonly by: string; readonly own: number }>()
  const accepts = new Set<string>()
  return (by, list) => {
    for (const { id, status, own } of list) {
      const key = `${by} ${id}`
      // [invariant] What a node has accepted it never takes back.
      if (accepts.has(key) && status !== 'accepted')
        fault(`${by} has accepted ${short(id)} and tells that it is ${status}`)
      if (status !== 'accepted') continue
      accepts.add(key)
      if (own === null) continue // it has the certificate, and has not looked at the rows yet
      const known = accepted.get(id) ?? { by, own }
      accepted.set(id, known)
      // [invariant] What is accepted has the same rows at everybody's.
      if (known.own !== own) fault(`${short(id)} has ${own} rows at ${by} and ${known.own} at ${known.by}`)
    }
  }
}

/** What everybody has to find alike. */
export const summaryOf = (list: readonly ContributionView[]): string[] =>
  list.map(({ id, index, status, own }) => `${index}: ${short(id)} ${status}${status === 'accepted' ? ` ${own}` : ''}`)

/** Compares what everybody tells when all has come to rest. */
export function checkLists(
  { honest }: Cast,
  lists: readonly (readonly ContributionView[])[],
  acknowledged: ReadonlyMap<Hex, number>,
  fault: (text: string) => void
): void {
  const first = summaryOf(lists[0] ?? [])
  for (const [i, { name }] of honest.entries()) {
    const list = lists[i] ?? []
    // [invariant] Nothing that was acknowledged is lost, and nothing stands there twice.
    for (const [id, n] of acknowledged) {
      const times = list.filter(one => one.id === id).length
      if (times !== 1) fault(`${name} has contribution ${n} (${short(id)}) ${times} times; it was acknowledged`)
    }
    // [invariant] Everything comes to an end.
    for (const one of list) if (!isDecided(one)) fault(`${name}: ${short(one.id)} is still ${one.status}`)
    // [invariant] Everybody finds the same: order, verdict and rows.
    const own = summaryOf(list)
    const other = own.find((text, at) => text !== first[at]) ?? first[own.length]
    if (other !== undefined) fault(`${name} and the host do not find the same: ${other}`)
  }
}

/** What was at stake is where it was, but for the culprit's. */
export function checkMoney({ chain, liar, nameOf }: Cast, fault: (text: string) => void): void {
  const lost = new Map<Address, bigint>()
  for (const event of chain.events())
    if (event.name === 'Slashed') lost.set(event.node, (lost.get(event.node) ?? 0n) + event.amount)
  for (const event of chain.events()) {
    if (event.name !== 'Staked') continue
    const gone = lost.get(event.node) ?? 0n
    // [invariant] No honest stake is touched, and nobody loses more than there is.
    if (gone > 0n && event.node !== liar.address) fault(`${nameOf(event.node)} has lost its stake`)
    if (gone > event.amount) fault(`${nameOf(event.node)} has lost ${gone} of ${event.amount}`)
  }
}

/** Nobody honest is charged for what it said or passed on, and nothing fails without a code. */
export function checkBlames(
  {
    wires,
    honest,
    nameOf
  }: Pick<Cast, 'wires' | 'nameOf'> & { readonly honest: readonly { readonly address: Address }[] },
  fault: (text: string) => void
): void {
  const good = new Set<Address>(honest.map(({ address }) => address))
  for (const { by, whom, code } of wires.blames)
    if ((good.has(whom) && good.has(by)) || code.startsWith('untyped'))
      fault(`${nameOf(by)} charges ${nameOf(whom)} for ${code}`)
}
