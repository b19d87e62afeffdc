import type { AskResult, ChannelView } from '../../../node/models/index.ts'
import type { ChatMessage } from '../../../protocol/data/index.ts'
import { digest } from '../../../protocol/crypto/index.ts'
import { checkCosigned, headAfter, noReceipts } from '../../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { network } from '../chain.ts'
import { checkBlames } from '../invariants.ts'
import { mostAhead, tokens } from './cast.ts'
import type { ServingCast, ServingNode } from './cast.ts'
import { tokenAt } from './engine.ts'

type Fault = (text: string) => void
const short = (id: Hex): string => id.slice(0, 10)

/** What holds on the chain at any moment. */
export function checkTokens({ chain, clients, nameOf, records }: ServingCast, fault: Fault): void {
  const { state, supply } = chain
  // [invariant] No unit comes from anywhere or goes anywhere.
  const all = [...state.balances.values()].reduce((sum, one) => sum + one, 0n)
  if (all !== supply) fault(`there are ${all} of ${supply} units`)
  let held = 0n
  for (const { id, client, deposit, claimed, closed } of state.channels.values()) {
    if (!closed) held += deposit - claimed
    // [invariant] No client pays more than it has signed for.
    if (clients.some(({ address }) => address === client) && claimed > (records.promised.get(id) ?? 0n))
      fault(`${nameOf(client)} has signed for ${records.promised.get(id) ?? 0n} and paid ${claimed}`)
  }
  // [invariant] No client signs for more than has come, but for what a worker gives unpaid, of what was cut off.
  for (const [id, promised] of records.promised) {
    const asked = [...(records.got.get(id)?.values() ?? [])]
    const most = asked.reduce((sum, { fee, isSigned }) => sum + fee + (isSigned ? 0n : mostAhead), 0n)
    if (promised > most) fault(`${promised} is signed for over ${short(id)}, of which ${most} can have come`)
  }
  // [invariant] What open channels hold is what is there for them.
  if (held !== (state.balances.get('channels') ?? 0n)) fault(`channels hold ${held} by their own word`)
}

/** An answer is what was asked for, to the last token, where everybody who had a part in it is honest. */
export function checkAnswer(
  {
    messages,
    maxTokens,
    answeredBy,
    n,
    result
  }: {
    readonly messages: readonly ChatMessage[]
    readonly maxTokens: number
    readonly answeredBy: readonly Address[]
    readonly n: number
    readonly result: AskResult
  },
  { crooks }: ServingCast,
  fault: Fault
): void {
  if (answeredBy.includes(crooks.worker.address) || result.finish === 'cancelled') return
  // [invariant] An answer that workers had a part in is as one worker gives it, none twice and none left out.
  const wanted = Array.from({ length: maxTokens }, (_, at) => tokenAt(messages, at))
  if (result.ids.join() !== wanted.join())
    fault(`answer ${n} has ${result.ids.length} tokens of ${maxTokens}, or others`)
}

async function receiptsOf({ asked }: ServingCast, { service }: ServingNode): Promise<readonly CosignedReceipt[]> {
  const found = await asked(service.receipts({ limit: 1_000 }), 10_000)
  return (found ?? []).map(({ receipt }) => receipt)
}
async function channelsOf({ asked }: ServingCast, { service }: ServingNode): Promise<readonly ChannelView[]> {
  return (await asked(service.channels({ limit: 1_000 }), 10_000))?.items ?? []
}
const idOf = ({ receipt }: CosignedReceipt): Hex => digest(network, 'Receipt', receipt.message)

/** What holds when everything has come to rest. */
export async function checkEnd(cast: ServingCast, fault: Fault): Promise<{ receipts: number; paid: number }> {
  const { honest, clients, workers, chain, nameOf, records } = cast
  const isHonest = (address: Address): boolean => honest.some(one => one.address === address)
  const receipts = new Map<Address, readonly CosignedReceipt[]>()
  const channels = new Map<Address, readonly ChannelView[]>()
  for (const node of honest) {
    receipts.set(node.address, await receiptsOf(cast, node))
    channels.set(node.address, await channelsOf(cast, node))
  }
  let paid = 0n
  for (const node of honest) {
    const own = receipts.get(node.address) ?? []
    const ids = own.map(idOf)
    // [invariant] A receipt that was acknowledged is never lost, and is there once.
    for (const id of records.kept.get(node.address) ?? [])
      if (!ids.includes(id)) fault(`${node.name} has lost receipt ${short(id)}`)
    if (new Set(ids).size !== ids.length) fault(`${node.name} has a receipt twice`)
    for (const channel of new Set(own.map(({ receipt }) => receipt.message.channel)))
      checkLine(
        own.filter(({ receipt }) => receipt.message.channel === channel),
        text => fault(`${node.name}: ${text}`)
      )
    for (const view of channels.get(node.address) ?? []) {
      const onChain = chain.state.channels.get(view.id)
      const at = `the channel ${short(view.id)} of ${nameOf(view.client)} to ${nameOf(view.worker)}`
      if (onChain === undefined) {
        if (view.claimed > 0n) fault(`${node.name} has a claim from ${at}, which is on no chain`)
        continue
      }
      // [invariant] Both know what the chain knows, and it ends when it is asked to.
      if (view.claimed !== onChain.claimed) fault(`${node.name} knows ${view.claimed} of ${onChain.claimed} of ${at}`)
      if (!onChain.closed || view.state !== 'closed') fault(`${node.name}: ${at} is ${view.state}, not closed`)
      const { deposit, claimed } = onChain
      const sum = own
        .filter(({ receipt }) => receipt.message.channel === view.id)
        .reduce((fees, { receipt }) => fees + receipt.message.fee, 0n)
      // [invariant] What receipts come to is what was settled, and no more than was promised.
      if (sum !== view.settled) fault(`${node.name}: receipts of ${at} come to ${sum}, settled is ${view.settled}`)
      if (view.settled > view.paid) fault(`${node.name}: ${at} settles ${view.settled} and pays ${view.paid}`)
      if (view.role === 'worker') {
        paid += claimed
        // [invariant] No honest worker loses what it was promised and has kept.
        const due = view.paid < deposit ? view.paid : deposit
        if (claimed < due) fault(`${node.name} was paid ${claimed} of ${due} that ${at} had promised`)
        // [invariant] Whoever does not pay costs a worker no more than its credit, for each answer that was cut off,
        // and its prompt: what was promised for it pays for the next, where nothing is known to have come. How often is
        // for who takes requests to bound (`client.unreliable`).
        const answers = [...(records.served.get(view.id)?.values() ?? [])]
        const gone = answers.reduce((all, { fee }) => all + fee, 0n) - claimed
        const most = answers.reduce((all, { prompt }) => all + prompt + mostAhead, 0n)
        if (gone > most) fault(`${node.name} has lost ${gone} of ${most} by ${at}`)
      }
      // [invariant] What a client has promised it knows, whatever became of its process.
      else if (view.paid < (records.promised.get(view.id) ?? 0n))
        fault(`${node.name} has forgotten what it promised over ${at}`)
      // [invariant] Nobody honest is found lying by anybody honest.
      if (view.code !== undefined && isHonest(view.client) && isHonest(view.worker))
        fault(`${node.name} disputes ${at}: ${view.code}`)
    }
  }
  for (const client of clients)
    for (const worker of workers) {
      const between = (of: ServingNode): string =>
        (receipts.get(of.address) ?? [])
          .filter(one => one.client === client.address && one.worker === worker.address)
          .map(idOf)
          .sort()
          .join()
      // [invariant] Two who are honest have the same receipts of each other.
      if (between(client) !== between(worker)) {
        const views = (channels.get(client.address) ?? []).filter(one => one.worker === worker.address)
        const theirs = (channels.get(worker.address) ?? []).filter(one => one.client === client.address)
        const said = (list: readonly ChannelView[]): string =>
          list.map(one => `${short(one.id)}: ${one.receipts} receipts, ${one.settled} of ${one.paid}`).join('; ')
        fault(`${client.name} and ${worker.name} have other receipts (${said(views)} | ${said(theirs)})`)
      }
    }
  for (const { address, name } of clients) {
    const spent = [...chain.state.channels.values()]
      .filter(({ client }) => client === address)
      .reduce((sum, { claimed }) => sum + claimed, 0n)
    // [invariant] What was not claimed is back.
    const left = chain.state.balances.get(address) ?? 0n
    if (left + spent !== tokens) fault(`${name} has ${left} and has spent ${spent} of ${tokens}`)
    for (const { id, client, worker, closed } of chain.state.channels.values())
      if (client === address && !closed)
        fault(`the channel ${short(id)} of ${name} to ${nameOf(worker)} is open, whatever ${name} knows of it`)
  }
  checkBlames(cast, fault)
  return {
    receipts: workers.reduce((sum, { address }) => sum + (receipts.get(address)?.length ?? 0), 0),
    paid: Number(paid)
  }
}

/** [invariant] A channel's receipts are one line: each follows the one before, and both have signed it. */
function checkLine(line: readonly CosignedReceipt[], fault: Fault): void {
  let head = noReceipts
  for (const one of [...line].sort((a, b) => Number(a.receipt.message.sequence - b.receipt.message.sequence))) {
    checkCosigned(one, network)
    const { sequence, previous, total, fee } = one.receipt.message
    if (sequence !== head.sequence + 1n || previous !== head.head || total !== head.settled + fee)
      fault(`receipt ${sequence} does not follow ${head.sequence}`)
    head = headAfter(network, one.receipt.message)
  }
}
