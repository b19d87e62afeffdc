import type { Node } from '../../../../node/node.ts'
import { parseCid, peerNamed } from '../../../../node/transport/index.ts'
import { TilthError, bytes32, everyItem, idText, isMeant } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex, IdText } from '../../../../protocol/primitives/index.ts'
import type { FoundView, Kind } from '../../contract/index.ts'
import { createNames, shortId } from '../earnings/names.ts'
import { jobStatements } from './statements.ts'

type Parts = Pick<Node, 'data' | 'jobs' | 'models' | 'payouts' | 'chain' | 'transport' | 'network' | 'self'>

/** Things that one text is said to mean. */
const mostFound = 20
/** Pools, and epochs of each, whose roots are looked at for a hash that is nothing else. */
const mostPools = 200
const mostEpochs = 100
/** Jobs whose papers are looked through. */
const mostJobs = 200
/** Contributions of a Datanet whose contributors are looked at. */
const mostContributions = 10_000

const found = (kind: Kind, id: string, name: string, about: string, number?: number): FoundView => ({
  kind,
  id,
  ...(number === undefined ? {} : { number }),
  name,
  about
})

/** Everything that a text may mean, one at a time; what is plainest comes first. */
export async function* meanings(parts: Parts, text: string): AsyncGenerator<FoundView> {
  yield* people(parts, text)
  yield* files(text)
  yield* numbered(parts, text)
  const wanted = idText(text)
  if (wanted !== undefined) {
    yield* data(parts, wanted)
    yield* work(parts, wanted)
    yield* answers(parts, wanted)
  }
  yield* names(parts, text)
  const whole = bytes32.safeParse(text.startsWith('0x') ? text : `0x${text}`)
  if (whole.success) yield* onChain(parts, whole.data)
}

/** @returns what a text may mean, as much of it as is shown */
export async function find(parts: Parts, text: string): Promise<{ found: FoundView[]; more: boolean }> {
  const items = new Map<string, FoundView>()
  for await (const one of meanings(parts, text.trim())) {
    if (items.size === mostFound) return { found: [...items.values()], more: true }
    items.set(`${one.kind}/${one.id}/${one.number ?? ''}`, one)
  }
  return { found: [...items.values()], more: false }
}

/** Everybody who is known to have done something, and as what; one may come several times. */
async function* known({ data, models, self }: Parts): AsyncGenerator<readonly [Address, string]> {
  for (const { builder, worker } of models.models()) {
    yield [builder, 'a builder']
    yield [worker, 'a worker']
  }
  for (const { worker } of models.offers()) yield [worker, 'a worker']
  const { items } = await data.datanets({ limit: mostPools })
  for (const { id, rules, host, roles } of items) {
    yield [host, `the host of ${rules.name}`]
    for (const { address } of rules.validators) yield [address, `a validator of ${rules.name}`]
    // Of a Datanet that is not followed here nobody's contributions are kept.
    if (roles.length === 0) continue
    let seen = 0
    for await (const { contributor } of everyItem(page => data.contributions(id, page))) {
      if (contributor !== self) yield [contributor, `a contributor to ${rules.name}`]
      if (++seen === mostContributions) break
    }
  }
}

async function* people(parts: Parts, text: string): AsyncGenerator<FoundView> {
  const { transport, self } = parts
  const peer = /^[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(text) ? peerNamed(text) : undefined
  if (peer !== undefined)
    yield found('peer', peer.peerId, shortId(peer.peerId), `a node; its account is ${peer.address}`)
  const account = /^(0x)?[0-9a-f]{40}$/i.test(text)
    ? (`0x${text.replace(/^0x/i, '').toLowerCase()}` as const)
    : undefined
  if (account !== undefined) yield found('account', account, shortId(account), 'an account')
  const wanted = idText(text)
  if (account !== undefined || wanted === undefined) return
  const told = new Set<Address>()
  for (const { address } of [{ address: self }, ...transport.peers.connected()])
    if (isMeant(address, wanted) && !told.has(address)) {
      told.add(address)
      yield found('account', address, shortId(address), address === self ? 'this node' : 'a connected node')
    }
  for await (const [address, as] of known(parts))
    if (isMeant(address, wanted) && !told.has(address)) {
      told.add(address)
      yield found('account', address, shortId(address), as)
    }
}

function* files(text: string): Generator<FoundView> {
  if (!/^[a-zA-Z0-9]{46,100}$/.test(text)) return
  try {
    const cid = parseCid(text).toString()
    yield found('file', cid, shortId(cid), 'a file on IPFS')
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
  }
}

/** `elements 3`, `elements/3`, `epoch 3 of elements`, `version 3 of elements`. */
async function* numbered(parts: Parts, text: string): AsyncGenerator<FoundView> {
  const [, before, first, of] = /^(epoch|version) (\d{1,6}) of (.{1,100})$/i.exec(text) ?? []
  const [, plain, after, second] = /^(.{1,100}?)(?: |\/)(?:(epoch|version) )?(\d{1,6})$/i.exec(text) ?? []
  const kind = (before ?? after)?.toLowerCase()
  const number = Number(first ?? second)
  const name = of ?? plain
  if (name === undefined || !Number.isInteger(number) || number < 1) return
  const datanet = await quietly(() => parts.data.findDatanet(name))
  if (datanet === undefined) return
  const { id, rules, latestVersion } = datanet
  if (kind !== 'version' && (await parts.chain.ledger.proposalsOf(id, number)).items.length > 0)
    yield found('epoch', id, `${rules.name}, epoch ${number}`, `what epoch ${number} of ${rules.name} paid`, number)
  if (kind !== 'epoch' && number <= latestVersion)
    yield found('version', id, `${rules.name}, version ${number}`, `what was accepted by version ${number}`, number)
}

async function* data({ data }: Parts, wanted: IdText): AsyncGenerator<FoundView> {
  for await (const id of data.contributionIds(wanted.beginning)) {
    if (!isMeant(id, wanted)) continue
    const one = await data.contribution(id)
    if (one === undefined) continue
    const name = (await data.datanet(one.datanet))?.rules.name ?? shortId(one.datanet)
    yield found('contribution', id, shortId(id), `contribution ${one.index} of ${name}: ${one.status}`)
  }
  for await (const id of data.voteIds(wanted.beginning)) {
    if (!isMeant(id, wanted)) continue
    const contribution = await data.votedOn(id)
    if (contribution !== undefined) yield found('vote', id, shortId(id), `a vote on ${shortId(contribution)}`)
  }
  const datanet = await quietly(() => data.findDatanet(wanted.beginning))
  if (datanet !== undefined && isMeant(datanet.id, wanted))
    yield found('datanet', datanet.id, datanet.rules.name, datanet.rules.description)
}

async function* work({ jobs, models, network, chain }: Parts, wanted: IdText): AsyncGenerator<FoundView> {
  const all = jobs.jobs().slice(0, mostJobs)
  for (const { id, state } of all) if (isMeant(id, wanted)) yield found('job', id, shortId(id), `a tune job: ${state}`)
  for (const { id, name } of models.models()) if (isMeant(id, wanted)) yield found('model', id, name, 'a model')
  for (const { id, awards } of all) {
    const papers = jobs.papers(id)
    for (const { escrow } of awards)
      if (isMeant(escrow, wanted))
        yield found('escrow', escrow, shortId(escrow), `money in escrow for job ${shortId(id)}`)
    if (papers === undefined) continue
    for (const [i, statement] of jobStatements(network, papers).entries()) {
      if (!isMeant(statement, wanted)) continue
      const kind = i < papers.bids.length ? 'bid' : i < papers.bids.length + papers.awards.length ? 'award' : 'delivery'
      yield found(kind, statement, shortId(statement), `${kind === 'award' ? 'an' : 'a'} ${kind} of job ${shortId(id)}`)
    }
  }
  const escrow = wanted.beginning.length === 66 ? await chain.ledger.escrow(wanted.beginning as Hex) : undefined
  if (escrow !== undefined) yield found('escrow', escrow.id, shortId(escrow.id), `money in escrow: ${escrow.state}`)
}

async function* answers({ payouts, chain, data, models }: Parts, wanted: IdText): AsyncGenerator<FoundView> {
  for await (const id of payouts.receiptIds(wanted.beginning)) {
    if (!isMeant(id, wanted)) continue
    const receipt = await payouts.receipt(id)
    if (receipt !== undefined)
      yield found('receipt', id, shortId(id), `an answer of ${createNames({ data, models }).model(receipt.model)}`)
  }
  const channel = wanted.beginning.length === 66 ? await chain.ledger.channel(wanted.beginning as Hex) : undefined
  if (channel !== undefined)
    yield found('channel', channel.id, shortId(channel.id), `a payment channel of ${shortId(channel.client)}`)
}

async function* names({ data, models }: Parts, text: string): AsyncGenerator<FoundView> {
  const words = text.toLowerCase()
  for (const { id, name, retired } of models.models().toReversed())
    if (name.toLowerCase().includes(words)) yield found('model', id, name, retired ? 'a retired model' : 'a model')
  const { items } = await data.datanets({ search: text, limit: mostFound })
  for (const { id, rules } of items) yield found('datanet', id, rules.name, rules.description)
}

/** A hash that the chain may know: a transaction, or a root that an epoch or a version stands for. */
async function* onChain({ chain, data }: Parts, hash: Hex): AsyncGenerator<FoundView> {
  const sent = await quietly(() => chain.transactions.transaction(hash))
  if (sent !== undefined)
    yield found('transaction', hash, shortId(hash), `${sent.call?.name ?? 'a transaction'} in block ${sent.block}`)
  const { items: pools } = await chain.ledger.pools({ limit: mostPools })
  for (const { id } of pools) {
    const { items } = await chain.ledger.proposals(id, { limit: mostEpochs, reverse: true })
    for (const { epoch, receiptsRoot, payoutsRoot } of items) {
      if (receiptsRoot !== hash && payoutsRoot !== hash) continue
      const name = (await data.datanet(id))?.rules.name ?? shortId(id)
      const which = receiptsRoot === hash ? 'receipts' : 'payouts'
      yield found('epoch', id, `${name}, epoch ${epoch}`, `the root of its ${which}`, epoch)
    }
  }
}

/** What cannot be told is no meaning of the text. */
async function quietly<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof TilthError) return undefined
    throw error
  }
}
