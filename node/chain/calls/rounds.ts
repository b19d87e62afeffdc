import { attributionAnchorAbi, nodeRegistryAbi } from '../../../protocol/contracts/index.ts'
import { zeroAddress, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { lower, mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses } from '../addresses.ts'
import type { RoundCalls } from './rounds-types.ts'

/** Stands in the contract for one who was absent and has paid for it. */
const absent: Hex = `0x${'1'.padStart(64, '0')}`

export function createRounds(connection: Connection, { anchor, registry, token }: Addresses): RoundCalls {
  const at = { address: anchor, abi: attributionAnchorAbi } as const
  const seat = (pool: Hex): string => `a scorer's seat in ${pool}`
  const seats = { address: registry, abi: nodeRegistryAbi } as const
  return {
    async round(pool, epoch) {
      const what = `receipts of epoch ${epoch} of ${pool}`
      const [round, words] = await Promise.all([
        connection.read({ ...at, what, functionName: 'roundOf', args: [pool, epoch] }),
        connection.read({ ...at, what, functionName: 'wordsOf', args: [pool, epoch] })
      ])
      const { settler, number, receiptsRoot, receiptsTotal, receiptCount, receipts, anchoredAt, spent, drawFrom } =
        round
      if (settler === zeroAddress) return undefined
      const panel = round.panel.map(lower)
      const said = panel.flatMap((scorer, i) => {
        const word = words[i]
        return word === undefined || word === zeroHash || word === absent ? [] : [[scorer, word] as const]
      })
      const { seed, commitEnds, revealEnds } = round
      return {
        settler: lower(settler),
        number,
        receiptsRoot,
        receiptsTotal,
        receiptCount,
        receipts,
        anchoredAt,
        spent,
        drawFrom,
        drawn: seed === zeroHash ? undefined : { seed, panel, commitEnds, revealEnds, commitments: new Map(said) }
      }
    },
    async roundRules() {
      const number = (functionName: 'commitWindow' | 'revealWindow'): Promise<bigint> =>
        connection.read({ ...at, what: 'settlement rules', functionName, args: [] })
      const [commitWindow, revealWindow] = await Promise.all([number('commitWindow'), number('revealWindow')])
      return { commitWindow, revealWindow }
    },
    scorers: async pool =>
      (await connection.read({ ...seats, what: `scorers of ${pool}`, functionName: 'scorersOf', args: [pool] })).map(
        lower
      ),
    join: async pool =>
      mined(await connection.write({ ...seats, what: seat(pool), functionName: 'join', args: [pool] })),
    giveUp: async pool =>
      mined(await connection.write({ ...seats, what: seat(pool), functionName: 'giveUp', args: [pool] })),
    async anchorReceipts(step) {
      await connection.allow(
        token,
        anchor,
        await connection.read({ ...at, what: 'settlement rules', functionName: 'bond', args: [] })
      )
      return mined(
        await connection.write({
          ...at,
          what: `anchoring the receipts of epoch ${step.epoch} of ${step.pool}`,
          functionName: 'anchorReceipts',
          args: [step]
        })
      )
    },
    draw: async (pool, epoch) =>
      mined(
        await connection.write({
          ...at,
          what: `the draw of epoch ${epoch} of ${pool}`,
          functionName: 'draw',
          args: [pool, epoch]
        })
      ),
    commit: async (pool, epoch, seed, word) =>
      mined(
        await connection.write({
          ...at,
          what: `a scorer's words of epoch ${epoch} of ${pool}`,
          functionName: 'commit',
          args: [pool, epoch, seed, word]
        })
      ),
    penaliseAbsent: async (pool, epoch, round, scorer) =>
      mined(
        await connection.write({
          ...at,
          what: `the absence of ${scorer} from epoch ${epoch} of ${pool}`,
          functionName: 'penaliseAbsent',
          args: [pool, epoch, round, scorer]
        })
      ),
    blame: async (pool, epoch, round, scorer) =>
      mined(
        await connection.write({
          ...at,
          what: `the words of ${scorer} on epoch ${epoch} of ${pool}`,
          functionName: 'blame',
          args: [pool, epoch, round, scorer]
        })
      )
  }
}
