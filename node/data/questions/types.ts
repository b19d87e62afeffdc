import type { BatchFault, HeldOutQuestion, Row, SignedBatch } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/**
 * What stands of a batch: its roster is asked; a third of it is against it, or another sits (`refused`, `void`);
 * accepted and still `sealed`; `due` to be opened, its version being anchored; `open`; `spent`, since a later version
 * is anchored; `lost`, since nobody opened it in time.
 */
export const batchStates = ['asked', 'refused', 'void', 'sealed', 'due', 'open', 'spent', 'lost'] as const
export type BatchState = (typeof batchStates)[number]

/** Held-out questions that were put for a Datanet. Weights are of the roster that they were sealed to. */
export interface BatchView {
  readonly batch: Hex
  readonly datanet: Hex
  readonly writer: Address
  readonly state: BatchState
  /** The version that they judge; null before they are accepted. */
  readonly version: number | null
  readonly consent: number
  readonly against: number
  readonly total: number
  readonly spoke: readonly Address[]
  /** How many, where this node can read them. */
  readonly questions: number | null
  /** Whether this node's own checks find something, of what is asked and can be read here; and which question. */
  readonly fault: { readonly fault: BatchFault | 'unreadable'; readonly question?: number } | null
  /** Until when it can be opened (milliseconds since 1970), once it is due. */
  readonly until: number | null
}

/** Which questions judge a version. */
export interface JudgingView {
  readonly version: number
  /** Batches that were accepted for it, and of them those that are open. */
  readonly batches: number
  readonly open: number
  /** How many questions each has written, the founder's as null; null while some may be opened, or it cannot be had. */
  readonly writers: readonly { readonly writer: Address | null; readonly questions: number }[] | null
}

export interface QuestionsView {
  readonly datanet: Hex
  /** The newest, the last one first. */
  readonly batches: readonly BatchView[]
  /** Of the newest version; null before the first, and where nobody has put any: then the founder's file judges. */
  readonly judging: JudgingView | null
}

/** Whom questions are sealed to by a writer that has no node, in the roster's order. */
export interface QuestionSeats {
  readonly roster: number
  /** `key` 33 bytes: it is the account's if the account is its hash; null where this node has not learnt it yet. */
  readonly seats: readonly { readonly account: Address; readonly key: Hex | null }[]
  /** Until when what is signed now may be brought, in chain seconds: what its writer signs. */
  readonly deadline: bigint
}

/** Held-out questions in sealed batches. */
export interface QuestionsService {
  /** Whom questions are sealed to now. @throws NotFoundError `datanet.unknown` · InvalidError `datanet.mix` */
  questionSeats(datanet: Hex): Promise<QuestionSeats>
  /**
   * Brings on chain what a writer has sealed and signed, whose account pays nothing; this node's does.
   * @throws as questionSeats · InvalidError `batch.signed`, `batch.roster`, `batch.late`, `signature.mismatch` ·
   * LimitError `batch.quota` · ChainError
   */
  bringQuestions(datanet: Hex, batch: SignedBatch): Promise<{ readonly batch: Hex; readonly transaction: Hex }>
  /**
   * Seals questions to the validators that sit and puts them on chain; this node's account has written them.
   * @throws NotFoundError `datanet.unknown` · InvalidError `held-out.invalid`, `batch.size`, `datanet.mix` ·
   * TilthError `batch.readers` (a validator's key is not known here yet: retry) · ChainError
   */
  putQuestions(
    datanet: Hex,
    file: string | Uint8Array
  ): Promise<{ readonly batch: Hex; readonly questions: number; readonly transaction: Hex }>
  /** What was put, and what judges the newest version. @throws NotFoundError `datanet.unknown` */
  questionsOf(datanet: Hex): Promise<QuestionsView>
  /** The questions of one batch. @throws NotFoundError `batch.unknown` · InvalidError `batch.shut` */
  batchQuestions(datanet: Hex, batch: Hex): Promise<readonly Row[]>
  /** This validator's word; `version`: which one it judges, where it was the word that was missing. */
  speakOnQuestions(
    datanet: Hex,
    batch: Hex,
    consents: boolean
  ): Promise<{ readonly transaction: Hex; readonly version: number | null }>
  /** Shows the key of a batch that was sealed to this validator, once its version is anchored. */
  openQuestions(datanet: Hex, batch: Hex): Promise<{ readonly transaction: Hex }>
  /**
   * The questions that judge a version: from the chain, its manifest, and the founder's file where they are needed.
   * `brief`: what nobody has at the moment is not waited for.
   * @throws TilthError `held-out.sealed` (retry) while some may still be opened · NotFoundError `version.unknown` · as
   * files.fetchBytes
   */
  versionQuestions(
    datanet: Hex,
    version: number,
    how?: { readonly brief?: boolean }
  ): Promise<readonly HeldOutQuestion[]>
}

/** News of sealed questions. */
export type QuestionsEvents = {
  /** They were put, accepted for a version, can be opened since it is anchored (`batch` null), or are open. */
  'data.questions': {
    datanet: Hex
    batch: Hex | null
    version: number | null
    step: 'put' | 'accepted' | 'due' | 'opened'
  }
}
