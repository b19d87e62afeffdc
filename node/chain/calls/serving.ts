import { servingBondsAbi } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

/** An epoch's round, and whose answers by which model. */
export interface JudgedAnswers {
  readonly pool: Hex
  readonly epoch: number
  readonly round: number
  readonly model: Hex
  readonly worker: Address
}

export interface ServingCalls {
  /** What scorers take of a worker that they find out. */
  penalty(): Promise<bigint>
  /** When those of a pool have found a worker out last, in chain seconds; 0 where they never have. */
  foundOutAt(pool: Hex, worker: Address): Promise<bigint>
  /** From now on this account's answers in a pool are by the weights that it offers; locks the least stake. */
  stand(pool: Hex): Promise<Mined>
  /** Ends that. */
  leave(pool: Hex): Promise<Mined>
  /** A drawn scorer's word that answers are by other weights. @param receipts `drawnSubject` of what was drawn */
  accuse(answers: JudgedAnswers, receipts: Hex): Promise<Mined>
}

export function createServing(connection: Connection, { serving }: Pick<Addresses, 'serving'>): ServingCalls {
  const at = { address: serving, abi: servingBondsAbi } as const
  return {
    penalty: () =>
      connection.read({ ...at, what: 'what answers by other weights cost', functionName: 'penalty', args: [] }),
    foundOutAt: (pool, worker) =>
      connection.read({
        ...at,
        what: `what scorers found of ${worker}`,
        functionName: 'foundOutAt',
        args: [pool, worker]
      }),
    stand: async pool =>
      mined(
        await connection.write({ ...at, what: `standing for answers in ${pool}`, functionName: 'stand', args: [pool] })
      ),
    leave: async pool =>
      mined(await connection.write({ ...at, what: `stepping down in ${pool}`, functionName: 'leave', args: [pool] })),
    accuse: async (answers, receipts) =>
      mined(
        await connection.write({
          ...at,
          what: `a word against the answers of ${answers.worker}`,
          functionName: 'accuse',
          args: [answers, receipts]
        })
      )
  }
}
