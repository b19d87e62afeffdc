import { digest, signStatement } from '../../protocol/crypto/index.ts'
import { canonicalJson, keccak } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { datanetTopic } from '../../protocol/wire/index.ts'
import { syncRequest } from '../../node/data/exchange/sync.ts'
import type { Cast } from './cast.ts'
import type { Chance } from './chance.ts'
import { network } from './chain.ts'
import type { SimulatedNetwork } from './network.ts'

// One of those who vote, whose words mean nothing.

/** At most so many false answers to one question. */
const mostAnswers = 8

/** What somebody said before, perhaps with one byte of it changed. */
function echo({ said }: SimulatedNetwork, by: Chance): SimulatedNetwork['said'][number] | undefined {
  if (said.length === 0) return undefined
  const { topic, bytes: before } = by.pick(said)
  const bytes = before.slice()
  if (by.happens(0.5)) bytes[by.below(bytes.length)] = by.below(256)
  return { topic, bytes }
}

/** Says to everybody what somebody said before. */
export function repeat(wires: SimulatedNetwork, as: Address, by: Chance): void {
  const again = echo(wires, by)
  if (again !== undefined) wires.inject(as, again.topic, again.bytes)
}

/** Says two verdicts on one contribution, what is no vote, or what others said, changed or not. */
export function lie({ honest, wires, liar, datanet }: Cast, acknowledged: ReadonlyMap<Hex, number>, by: Chance): void {
  const topic = datanetTopic(datanet)
  const say = (message: unknown): void => {
    wires.inject(liar.address, topic, new TextEncoder().encode(canonicalJson(message)))
  }
  const contribution = acknowledged.size === 0 ? keccak('none') : by.pick([...acknowledged.keys()])
  const accept = by.happens(0.5)
  const salt = keccak(String(by.below(9)))
  const vote = { contribution, validator: liar.address, accept, outcome: keccak(`${accept}`), salt }
  switch (by.below(4)) {
    case 0:
      return say({ kind: 'vote', statement: signStatement(network, 'Vote', vote, liar.key) })
    case 1: {
      const commit = { contribution, validator: liar.address, commitment: digest(network, 'Vote', vote) }
      return say({ kind: 'vote-commit', statement: signStatement(network, 'VoteCommit', commit, liar.key) })
    }
    case 2: {
      const forged = { ...vote, validator: by.pick(honest).address }
      return say({ kind: 'vote', statement: signStatement(network, 'Vote', forged, liar.key) })
    }
    default:
      repeat(wires, liar.address, by)
  }
}

/** Answers whoever compares notes with it: with what others said, changed or not, or not at all. */
export function answerFalsely({ wires, liar }: Pick<Cast, 'liar' | 'wires'>, by: Chance): void {
  const { streams } = wires.join(liar.address, { isOver: false }, new Map())
  streams.handle('/tilth/data/sync/1', async stream => {
    for await (const _ of stream.receive(syncRequest)) {
      for (let left = by.below(mostAnswers); left > 0; left--) {
        const again = echo(wires, by)
        let message: unknown = 'nothing'
        try {
          message = JSON.parse(new TextDecoder().decode(again?.bytes))
        } catch {
          continue // a changed byte has made it no JSON
        }
        await stream.send({ kind: 'message', message })
      }
      if (by.happens(0.8)) await stream.send({ kind: 'done' })
    }
  })
}
