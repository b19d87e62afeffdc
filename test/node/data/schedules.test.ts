import assert from 'node:assert/strict'
import { outcomeOf } from '../../../protocol/data/index.ts'
import type { ContributionMessage } from '../../../protocol/data/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { Random } from '../../../node/engine/weights/random.ts'
import {
  cid,
  compareNotes,
  contributionTo,
  datanetOf,
  memoryPeer,
  memoryStore,
  trialOf,
  votePair
} from './in-memory.ts'
import type { MemoryPeer } from './in-memory.ts'

const right = [0, 1, 2]
const wrong = [0]
/** Rows that no validator found and a jury did. */
const other = [0, 1]

/** Everything that validators could say, signed once: schedules choose of it. */
function cast(size: number) {
  const names = Array.from({ length: size }, (_, i) => `validator ${i}`)
  const { id: datanet, document } = datanetOf(names)
  const { id, statements } = contributionTo(datanet, 'author')
  const said = names.map(name => ({
    accept: votePair(name, id, true, right),
    other: votePair(name, id, true, wrong),
    reject: votePair(name, id, false, [])
  }))
  const jurors = Array.from({ length: 2 * size + 1 }, (_, i) => `juror ${i}`)
  const words = [trialOf(id, datanet, true, other, jurors), trialOf(id, datanet, false, [], jurors)]
  const reveal: ContributionMessage = { kind: 'reveal', statements }
  return { datanet, document, id, statements, reveal, said, words, faulty: Math.floor((size - 1) / 3) }
}
type Cast = ReturnType<typeof cast>
type Truth = 'accept' | 'reject' | 'split'

const below = (random: Random, n: number): number => Math.floor(random.uniform() * n)
function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(random, i + 1)
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}

/** What is said in one schedule: by the honest as the truth is or, where people judge, as they like. */
function messagesOf({ reveal, said, faulty }: Cast, truth: Truth, random: Random): ContributionMessage[] {
  const messages: ContributionMessage[] = [reveal]
  said.forEach(({ accept, other, reject }, i) => {
    if (i >= faulty) {
      const yes = truth === 'split' ? random.uniform() < 0.5 : truth === 'accept'
      messages.push(...(yes ? accept : reject))
    } else
      for (const pair of [accept, other, reject])
        // silent, lying or equivocating
        for (const message of pair) if (random.uniform() < 0.5) messages.push(message)
  })
  return messages
}

async function peerOf({ datanet, document, id, statements }: Cast, name: string): Promise<MemoryPeer> {
  const peer = memoryPeer(name)
  await peer.book.putDatanet(datanet, { document, seenAt: 0 }, true)
  const { contributor, commitment } = statements.commitment.message
  await peer.book.putContribution({
    id,
    datanet,
    index: 1,
    contributor,
    commitment,
    block: 1n,
    seenAt: 1_700_000_000_000,
    state: { name: 'committed', at: 1_700_000_000_000 }
  })
  return peer
}

/** @param chain what the chain tells meanwhile, before a message by its place, and after all at the latest */
async function deliver(
  { receiver }: MemoryPeer,
  messages: readonly ContributionMessage[],
  chain: ReadonlyMap<number, () => Promise<unknown>> = new Map()
): Promise<void> {
  for (const [i, message] of messages.entries()) {
    await chain.get(i)?.()
    await receiver.take(message).catch((error: unknown) => {
      if (!(error instanceof TilthError)) throw error
    })
  }
  await chain.get(messages.length)?.()
}

/** A chain that tells of a jury's word at some moment, and now and then takes it back and tells it again. */
function toldOf(
  { trials, receiver }: MemoryPeer,
  word: Cast['words'][number],
  messages: number,
  random: Random
): Map<number, () => Promise<unknown>> {
  const tell = (): Promise<unknown> => {
    trials.set(word.contribution, word)
    return receiver.judged(word.contribution)
  }
  const takeBack = (): Promise<unknown> => {
    trials.delete(word.contribution)
    return receiver.judged(word.contribution)
  }
  const at = [0, 1, 2].map(() => below(random, messages + 1)).sort((a, b) => a - b)
  if (random.uniform() < 0.7) return new Map([[at[0] as number, tell]])
  return new Map([
    [at[0] as number, tell],
    [at[1] as number, takeBack],
    [at[2] as number, tell]
  ])
}

/** What a peer holds for decided: nothing, or what with which rows. */
async function stateOf({ book }: MemoryPeer, id: Hex): Promise<string> {
  const state = (await book.contribution(id))?.state
  if (state?.name === 'accepted') return `accepted ${state.certificate.outcome}`
  return state?.name === 'rejected' ? 'rejected' : 'open'
}

describe('data: what is decided, whatever is heard in which order', function () {
  this.timeout(240_000)
  const casts = [4, 4, 4, 7].map(cast)
  const seed = Number(process.env['SCHEDULES_SEED'] ?? Math.floor(Math.random() * 1e9))

  async function run(at: number): Promise<void> {
    const random = new Random(at)
    const chosen = casts[at % casts.length] as Cast
    const truth = (['accept', 'reject', 'split'] as const)[below(random, 3)] as Truth
    const messages = messagesOf(chosen, truth, random)
    const [one, two] = [await peerOf(chosen, 'one'), await peerOf(chosen, 'two')]
    const isWhole = random.uniform() < 0.5
    // In some of them somebody challenges it, and the chain tells each peer of the jury's word when it likes.
    const word = chosen.words[below(random, 6)]
    for (const peer of [one, two]) {
      const heard = isWhole ? messages : messages.filter(() => random.uniform() < 0.6)
      const all = shuffled(random, [...heard, ...heard.filter(() => random.uniform() < 0.3)])
      await deliver(peer, all, word === undefined ? undefined : toldOf(peer, word, all.length, random))
    }
    // The same messages are the same state, with nobody to ask.
    if (isWhole) assert.equal(await stateOf(one, chosen.id), await stateOf(two, chosen.id))
    for (let round = 0; round < 2; round++) {
      await one.pull(two, chosen.datanet)
      await two.pull(one, chosen.datanet)
    }
    const [a, b] = [await stateOf(one, chosen.id), await stateOf(two, chosen.id)]
    assert.equal(a, b, 'two peers that have compared notes hold the same')
    // What a jury has said stands, whatever its roster says and whenever, as soon as it is known what it is about.
    if (word !== undefined) {
      const due = word.closed?.decided === 'accepted' ? `accepted ${word.closed.outcome}` : 'rejected'
      if (isWhole || a !== 'open') assert.equal(a, due)
      return
    }
    // What no honest validator found is never accepted; what all of them say is not held up, once it is all there.
    const accepted = `accepted ${outcomeOf({ contribution: chosen.id, cid, own: right }, true)}`
    assert.ok(a === 'open' || a === 'rejected' || a === accepted, a)
    if (truth === 'accept') assert.notEqual(a, 'rejected')
    if (truth === 'reject') assert.ok(!a.startsWith('accepted'))
    if (isWhole && truth !== 'split') assert.equal(a, truth === 'accept' ? accepted : 'rejected')
  }

  it('is the same on every peer in 1,000 schedules with under a third silent, lying or equivocating', async () => {
    for (let i = 0; i < 1_000; i++)
      try {
        await run(seed + i)
      } catch (cause) {
        throw new Error(`schedule of seed ${seed + i} (SCHEDULES_SEED=${seed} repeats all)`, { cause })
      }
    console.log(`      schedules of the seeds ${seed} to ${seed + 999}`)
  })

  it('can be held up by a third of the weight, since more than two thirds are needed', async () => {
    const three = cast(3)
    const [peer] = [await peerOf(three, 'one')]
    await deliver(peer, [three.reveal, ...(three.said[1]?.accept ?? []), ...(three.said[2]?.accept ?? [])])
    assert.equal(await stateOf(peer, three.id), 'open')
  })
})

describe('data: comparing notes', function () {
  this.timeout(120_000)

  it('moves as much as is missing, however much there is', async () => {
    const bytes = async (all: number, missing: number): Promise<number> => {
      const { asked, answered } = await compareNotes(all, missing, [memoryStore(), memoryStore()])
      return asked + answered
    }
    const [few, many] = [await bytes(500, 50), await bytes(5_000, 50)]
    assert.ok(many < few * 1.05, `${few} bytes of 500, ${many} of 5,000`)
    assert.ok((await bytes(500, 5)) < few / 5)
  })
})
