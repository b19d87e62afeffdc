import { datanetRegistryAbi, juriesAbi } from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { lower, mined } from '../connection/index.ts'
import type { Connection } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

/** A validator's vote in what a roster decided. */
export interface Ballot {
  readonly validator: Address
  readonly accept: boolean
  readonly outcome: Hex
  readonly salt: Hex
  readonly signature: Hex
}

/** What a challenge costs, and its times in seconds. */
export interface JuryRules {
  readonly deposit: bigint
  readonly commitWindow: bigint
  readonly revealWindow: bigint
  /** How long after its commitment a contribution's decision can be challenged. */
  readonly window: bigint
}

/** What the ledger does not tell, and what can be sent: all else of trials stands in its records. */
export interface Juries {
  rules(): Promise<JuryRules>
  /** Who has a seat among the jurors of the network. */
  jurors(): Promise<readonly Address[]>
  /** This account takes a seat, for which its stake is locked; and gives it up. */
  join(): Promise<Mined>
  leave(): Promise<Mined>
  /** Who could sit if an account challenged it now, and how many would. */
  candidates(contribution: Hex, challenger: Address): Promise<{ candidates: readonly Address[]; size: number }>
  /** Challenges what a roster decided, by the votes that decided it, in the order of the accounts. */
  challenge(
    decision: { contribution: Hex; accepted: boolean; outcome: Hex; ballots: readonly Ballot[] },
    reason: string
  ): Promise<Mined>
  /** Until when what was committed can be challenged, in chain seconds; undefined of what is not on chain. */
  openUntil(contribution: Hex): Promise<bigint | undefined>
  /** Draws of those who were written down with the challenge; anyone may. */
  draw(contribution: Hex, candidates: readonly Address[]): Promise<Mined>
  /** Nobody drew while the chain knew the block; anyone may say so. */
  lapse(contribution: Hex): Promise<Mined>
  /** This account is drawn, and commits to the vote whose hash this is. */
  commit(contribution: Hex, commitment: Hex): Promise<Mined>
  /** Shows a juror's signed vote; anyone may. */
  reveal(vote: Omit<Ballot, 'signature'> & { contribution: Hex }, signature: Hex): Promise<Mined>
  close(contribution: Hex): Promise<Mined>
  penaliseAbsent(contribution: Hex, juror: Address): Promise<Mined>
}

export function createJuries(connection: Connection, { datanets, juries, token }: Addresses): Juries {
  const at = { address: juries, abi: juriesAbi } as const
  const seat = { ...at, what: "a juror's seat", args: [] } as const
  const deposit = (): Promise<bigint> =>
    connection.read({ ...at, what: 'rules of juries', functionName: 'deposit', args: [] })
  return {
    async rules() {
      const number = (functionName: 'commitWindow' | 'revealWindow' | 'WINDOW'): Promise<bigint> =>
        connection.read({ ...at, what: 'rules of juries', functionName, args: [] })
      const [held, commitWindow, revealWindow, window] = await Promise.all([
        deposit(),
        number('commitWindow'),
        number('revealWindow'),
        number('WINDOW')
      ])
      return { deposit: held, commitWindow, revealWindow, window }
    },
    jurors: async () => (await connection.read({ ...seat, functionName: 'jurors' })).map(lower),
    join: async () => mined(await connection.write({ ...seat, functionName: 'join' })),
    leave: async () => mined(await connection.write({ ...seat, functionName: 'giveUp' })),
    async candidates(contribution, challenger) {
      const [candidates, size] = await connection.read({
        ...at,
        what: `who could sit on ${contribution}`,
        functionName: 'candidatesOf',
        args: [contribution, challenger]
      })
      return { candidates: candidates.map(lower), size: Number(size) }
    },
    async openUntil(contribution) {
      const [{ index, committedAt }, window] = await Promise.all([
        connection.read({
          address: datanets,
          abi: datanetRegistryAbi,
          what: `contribution ${contribution}`,
          functionName: 'contributionOf',
          args: [contribution]
        }),
        connection.read({ ...at, what: 'rules of juries', functionName: 'WINDOW', args: [] })
      ])
      return index === 0 ? undefined : BigInt(committedAt) + window
    },
    async challenge({ contribution, accepted, outcome, ballots }, reason) {
      await connection.allow(token, juries, await deposit())
      return mined(
        await connection.write({
          ...at,
          what: `the challenge of ${contribution}`,
          functionName: 'challenge',
          args: [contribution, accepted, outcome, [...ballots], reason]
        })
      )
    },
    draw: async (contribution, candidates) =>
      mined(
        await connection.write({
          ...at,
          what: `the draw of the jury of ${contribution}`,
          functionName: 'draw',
          args: [contribution, [...candidates]]
        })
      ),
    lapse: async contribution =>
      mined(
        await connection.write({
          ...at,
          what: `the end of the challenge of ${contribution}`,
          functionName: 'lapse',
          args: [contribution]
        })
      ),
    commit: async (contribution, commitment) =>
      mined(
        await connection.write({
          ...at,
          what: `a juror's commitment on ${contribution}`,
          functionName: 'commit',
          args: [contribution, commitment]
        })
      ),
    reveal: async (vote, signature) =>
      mined(
        await connection.write({
          ...at,
          what: `a juror's vote on ${vote.contribution}`,
          functionName: 'reveal',
          args: [vote, signature]
        })
      ),
    close: async contribution =>
      mined(
        await connection.write({
          ...at,
          what: `the word of the jury of ${contribution}`,
          functionName: 'close',
          args: [contribution]
        })
      ),
    penaliseAbsent: async (contribution, juror) =>
      mined(
        await connection.write({
          ...at,
          what: `the absence of ${juror} from the jury of ${contribution}`,
          functionName: 'penaliseAbsent',
          args: [contribution, juror]
        })
      )
  }
}
