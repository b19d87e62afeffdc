import type { Said } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** What of the data phase goes on after a decision was challenged. Times are milliseconds since 1970. */
export interface JurorView {
  readonly juror: Address
  /** `absent`: it has shown no vote in time. */
  readonly step: 'waiting' | 'committed' | 'shown' | 'absent'
  /** null before it is shown, and of who abstains. */
  readonly accept: boolean | null
}

export interface ChallengeView {
  readonly contribution: Hex
  readonly datanet: Hex
  readonly challenger: Address
  readonly reason: string
  /** In the token's smallest unit. */
  readonly deposit: bigint
  /** What the roster had decided. */
  readonly accepted: boolean
  /** How many are drawn, and of how many. */
  readonly size: number
  readonly candidates: number
  readonly state: 'drawing' | 'committing' | 'showing' | 'closing' | 'closed'
  readonly commitEnds: number | null
  readonly revealEnds: number | null
  readonly jurors: readonly JurorView[]
  /** Once it is closed: what the jury said, and what became of the deposit. */
  readonly decided: 'nothing' | 'rejected' | 'accepted' | null
  readonly overturned: boolean
  readonly returned: bigint | null
}

/** Whether and at what price a decision can be challenged, or how its challenge stands. */
export interface ChallengeState {
  readonly challenge: ChallengeView | null
  /** In the token's smallest unit. */
  readonly deposit: bigint
  /** When it is too late; null where the chain has not told of the contribution. */
  readonly until: number | null
  /** How many would be drawn, and who could be. */
  readonly size: number
  readonly candidates: number
  /** Why it cannot be challenged now; null where it can. */
  readonly why: string | null
}

/** What this node is asked as a juror. */
export interface JuryItem extends ChallengeView {
  readonly datanetName: string
  /** What this node's checks say; null before them. */
  readonly advice: boolean | null
  /** How it votes; null before that is known. */
  readonly vote: Said | null
}

export interface JuryView {
  /** Whether this node has a seat among the jurors, and how many have. */
  readonly seated: boolean
  readonly seats: number
  readonly items: readonly JuryItem[]
}

export type JuryEvents = {
  'data.challenged': { datanet: Hex; contribution: Hex; challenger: Address }
  'data.jury': { datanet: Hex; contribution: Hex; decided: 'nothing' | 'rejected' | 'accepted' }
}

export interface JuryService {
  /** @throws NotFoundError `contribution.unknown` */
  challengeOf(contribution: Hex): Promise<ChallengeState>
  /**
   * Challenges what a roster has decided: costs a deposit, which comes back where the jury decides otherwise.
   * @throws NotFoundError `contribution.unknown` · InvalidError `challenge.*` · ChainError
   */
  challenge(contribution: Hex, reason: string): Promise<ChallengeView>
  jury(): Promise<JuryView>
  /** Takes a seat among the jurors, or gives it up. @throws ChainError */
  serve(takes: boolean): Promise<JuryView>
  /** A juror's vote by hand. @throws InvalidError `jury.not-drawn`, `jury.not-open`, `jury.off`, `jury.voted` */
  juryVote(contribution: Hex, says: Said): Promise<void>
}
