import type { ChatMessage } from '../../protocol/data/index.ts'
import type {
  Source,
  AgentManifest,
  ChosenLogprob,
  CosignedReceipt,
  ModelRecord,
  Opening,
  Route,
  Served
} from '../../protocol/models/index.ts'
import type { Address, Hex, Page, PageRequest, Split } from '../../protocol/primitives/index.ts'

export type { Split }

/**
 * What a worker asks and gives for a model, as its signed offer says. Prices are per token, in the token's smallest
 * unit.
 */
export interface OfferView {
  readonly model: Hex
  readonly worker: Address
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Answers it takes on now beside those that run. */
  readonly capacity: number
  readonly tokensPerSecond: number
  /** Seconds since 1970. */
  readonly expires: number
  /** Where it is and what weights it answers from, by its owner's word alone. */
  readonly region?: string
  readonly weights?: string
  /** It is for every model over its base: this one is fetched when it is asked for. */
  readonly all?: true
  /** By this node's own answers of that worker, each with a receipt that both signed. */
  readonly measured?: { readonly answers: number; readonly tokensPerSecond?: number; readonly firstTokenMs?: number }
}

/** A base of which this node offers every model. */
export interface WholeBase {
  readonly base: string
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Tokens a second, as measured lately. */
  readonly speed: number
}

/** A registered model with what is offered for it now. */
export interface ModelView extends ModelRecord {
  readonly retired: boolean
  readonly offers: readonly OfferView[]
}

export interface RegisterRequest {
  readonly name: string
  /** CID of the JobResult: base, adapter, Datanet version and siblings are taken from it. */
  readonly result: string
  /** Who trained it; the builder itself unless said otherwise. */
  readonly worker?: Address
  /** Basis points, sum 10000. */
  /** The usual one, with as much for the data as its Datanet asks for, unless said otherwise. */
  readonly split?: Split | undefined
  /** The registration of its base that the split's upstream part goes to. */
  readonly upstream?: Hex | undefined
  /** What it may be used under: an SPDX identifier. */
  readonly licence?: string
  /** Who has the result and the adapters, to be asked first. */
  readonly providers?: readonly string[]
}

export interface RegisterBaseRequest {
  readonly name: string
  /** CID of a Hugging Face folder. */
  readonly base: string
  readonly worker?: Address
  /** 8000 to the worker that serves, 2000 to whoever registers it, unless said otherwise; a base has no data share. */
  readonly split?: Split
  /** The registered model that this base was made of, by its builder's word. */
  readonly upstream?: Hex | undefined
  readonly licence?: string
}

export interface RegisterAgentRequest extends Omit<RegisterBaseRequest, 'base'> {
  /** 1000 to the worker that takes its fee, 9000 to whoever registers it, unless said otherwise. */
  readonly split?: Split
  readonly manifest: AgentManifest
}

/** An agent as its registration and its manifest say it. */
export interface AgentView {
  readonly record: ModelView
  readonly manifest: AgentManifest
}

export interface AskRequest {
  /** Model id, or the name of a registered model (the newest of that name that is offered). */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly maxTokens?: number
  /** 0 is greedy. */
  readonly temperature?: number
  /** 0 is off. */
  readonly topK?: number
  /** 1 is off. */
  readonly topP?: number
  /** The same seed gives the same tokens on whichever worker; random unless given. */
  readonly seed?: number
  readonly stop?: readonly string[]
  /** What the answer has to be (`protocol/form`). */
  readonly form?: string
  /** Each token's log-probability comes with it, and those of so many likeliest ones: its worker's word. */
  readonly logprobs?: number
  /** So many rows of the model's version are put before the question: its worker finds them by their words. */
  readonly context?: number
  /** Most that the answer may cost, in the token's smallest unit: workers that may ask for more are passed over. */
  readonly maxPrice?: bigint
  /** Which workers may be asked, and in which order. */
  readonly route?: Route
  /** Nobody but the worker ever sees it: it is not weighed, and its data share follows held-out values. */
  readonly private?: boolean
  /**
   * A second worker, to whom a channel with room is open, is asked beside the first where that has no token after so
   * long; whoever is slower is cancelled, and paid for what it gave and for a long prompt that was paid before. Where
   * the answer is private nobody but one worker reads it, unless this says so.
   */
  readonly hedge?: { readonly afterMs: number; readonly private?: boolean }
  readonly budget?: AskBudget
  readonly signal?: AbortSignal
}

/** Who keeps account of what a question costs, in the token's smallest unit. */
export interface AskBudget {
  /** Before a channel is opened or anything is promised: the most that it can come to by then. Refuses by a throw. */
  reserve(most: bigint): Promise<void>
  /** What receipts say, and what workers without one may still be owed, comes to no more than this. */
  spent(atMost: bigint): void
}

export interface AskResult {
  readonly text: string
  readonly ids: readonly number[]
  readonly finish: 'stop' | 'length' | 'cancelled'
  /** Tokens and fee over all workers that had a part in the answer. */
  readonly usage: {
    readonly inputTokens: number
    readonly outputTokens: number
    readonly fee: bigint
    /**
     * The part of the fee that no receipt is about: prompts paid before an answer that was cancelled without a token.
     * It counts towards the next answers over the same channel.
     */
    readonly ahead?: bigint
  }
  /** Ids of the receipts, in order; one for each worker that could still sign. */
  readonly receipts: readonly Hex[]
  readonly model: Hex
  /** Of an agent: what each step came to, the agent's own fee last (`fee`). Usage and receipts are all of theirs. */
  readonly steps?: readonly StepResult[]
}

/** What a step of an agent came to. */
export interface StepResult {
  readonly name: string
  readonly model: Hex
  readonly workers: readonly Address[]
  readonly usage: AskResult['usage']
  readonly receipts: readonly Hex[]
}

/** What an answer costs as it grows: so many tokens of a prompt, and those of the answer, at these prices. */
export interface AskTerms {
  readonly inputTokens: number
  readonly inputPrice: bigint
  readonly outputPrice: bigint
}

export type AskEvent =
  /** Text that is certain now, and the tokens that came with it; text may be empty while a character is incomplete. */
  | {
      readonly kind: 'text'
      readonly text: string
      readonly ids: readonly number[]
      readonly logprobs?: readonly ChosenLogprob[]
    }
  /**
   * Which worker answers from here on, at which prices, how many tokens it has read, and why the one before does not.
   */
  | ({
      readonly kind: 'worker'
      readonly worker: Address
      /** Rows that it has put before the question, by its own word. */
      readonly sources?: readonly Source[]
      readonly reason?: string
    } & AskTerms)
  /** Of an agent: which of its steps is asked from here on. */
  | {
      readonly kind: 'step'
      readonly name: string
      readonly model: Hex
      readonly number: number
      readonly of: number
    }
  | ({ readonly kind: 'done' } & AskResult)

export interface ReceiptsAfter {
  /** Only those that came after the one of this number. */
  readonly after?: number
  readonly limit?: number
}

/** A receipt and the number of its coming, which only grows. */
export interface NumberedReceipt {
  readonly number: number
  readonly receipt: CosignedReceipt
}

/**
 * A channel as this node sees it, as the client or as the worker of it. Amounts in the token's smallest unit, times in
 * the chain's seconds.
 */
export interface ChannelView {
  readonly id: Hex
  readonly role: 'client' | 'worker'
  readonly client: Address
  readonly worker: Address
  readonly model: Hex
  readonly deposit: bigint
  /** What stands in the highest voucher; what the receipts of it come to; what was claimed on chain. */
  readonly paid: bigint
  readonly settled: bigint
  readonly claimed: bigint
  /** Receipts in its chain so far. */
  readonly receipts: number
  /** Client: answers, whole or cut off, that no receipt is signed for yet, and what has come of them costs. */
  readonly unsigned: { readonly answers: number; readonly fee: bigint }
  /** closing: the worker may claim until `closesAt`. disputed: the other side was found lying; it is being closed. */
  readonly state: 'open' | 'closing' | 'disputed' | 'closed'
  /** Why it is disputed. */
  readonly code?: string
  /** From then on what is left goes back to the client without a window. */
  readonly expiry: bigint
  /** 0 while nobody has asked to close it. */
  readonly closesAt: bigint
  /** What goes back to the client once it is closed, or went: what no voucher has promised. */
  readonly left: bigint
}

/** What this worker answered lately: answers with a receipt that both signed, their tokens, and what they cost. */
export interface ActivityView {
  /** Over how many seconds: an hour, or less since the node was started. */
  readonly seconds: number
  readonly requests: number
  readonly tokens: number
  /** In the token's smallest unit; and what of it is this worker's own. */
  readonly fees: bigint
  readonly earned: bigint
}

/** An answer that is coming, as its client or its worker sees it; nothing of what is asked and said. */
export interface AnswerUnderway {
  /** Of this node's, since its start. */
  readonly number: number
  readonly role: 'client' | 'worker'
  readonly model: Hex
  /** The other side; null while no worker has taken it. */
  readonly peer: Address | null
  readonly tokens: number
  /** Most that it may have. */
  readonly wanted: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

/** What was served, judged by the weights that were offered. */
export interface ReplayView {
  readonly own: Served
  /** Tokens of the prompt, with rows before it and what it resumes from: as this machine counts them, and as paid. */
  readonly prompt: { readonly counted: number; readonly paid: number }
  /** With others of the same worker and model that this node has the words of. */
  readonly together: Served & { readonly answers: number }
}

/** What a worker has to do: answers that run, that wait for their turn, and that could begin at once. */
export interface AnswerQueue {
  readonly running: number
  readonly waiting: number
  readonly free: number
}

/** News of this phase, for the bus, the API and the console. Names are the bus's. */
export type ModelEvents = {
  'models.registered': { model: Hex; builder: Address; datanet: Hex }
  'models.offered': { model: Hex; worker: Address }
  /** By this node itself. */
  'models.withdrawn': { model: Hex; worker: Address }
  /** An answer that this node asks for or gives, a few times a second while it comes, and when it is over. */
  'models.answering': AnswerUnderway & { readonly over: boolean }
  /**
   * Client and worker both emit it, each on its own node, once the receipt with both signatures is on disk.
   */
  'models.receipt': { id: Hex; role: 'client' | 'worker'; receipt: CosignedReceipt }
  'models.redeemed': { channel: Hex; paid: bigint; transaction: Hex }
  'models.failed': { model: Hex; worker: Address; code: string }
}

export interface ModelsService {
  readonly name: 'models'
  start(): Promise<void>
  stop(): Promise<void>

  /**
   * Registers a finished job's model on chain, this node as builder. Registering the same twice gives the same id.
   * @throws InvalidError `result.invalid`, or as the chain
   */
  register(request: RegisterRequest): Promise<ModelRecord>
  registerBase(request: RegisterBaseRequest): Promise<ModelRecord>
  /**
   * No new channels for an own model; those that are open are paid as agreed.
   * @throws NotFoundError `model.unknown` · InvalidError `model.not-ours`, `model.retired`
   */
  retire(model: Hex): Promise<{ transaction: Hex }>
  /**
   * Registers an own model anew with another split, and retires it as it was: a split is part of what a model's id is
   * the hash of, and of what its channels agreed to.
   * What it was grown from stays what it is.
   * @throws as retire · InvalidError `model.split`, `model.upstream`
   */
  resplit(model: Hex, split: Split): Promise<ModelRecord>
  /**
   * Publishes an agent's manifest and registers it, this node as builder; its fee is taken once it is offered.
   * @throws InvalidError `agent.*`, `model.retired` · NotFoundError `model.unknown` · as the chain
   */
  registerAgent(request: RegisterAgentRequest): Promise<ModelRecord>
  /** @throws NotFoundError `model.unknown` · InvalidError `agent.none` · as files.fetchBytes */
  agent(id: Hex): Promise<AgentView>
  /** All registered models, oldest first. */
  models(): readonly ModelView[]
  /** By id, or the newest of a name. */
  model(idOrName: string): ModelView | undefined

  /**
   * Serves a model from now on, also after a restart: fetches base and adapter, opens them, measures, offers. Resolves
   * once
   * the offer is out. @throws NotFoundError `model.unknown` · InvalidError `models.not-worker` · as files and engine
   */
  offer(request: { model: Hex; inputPrice?: bigint; outputPrice?: bigint }): Promise<OfferView>
  withdraw(model: Hex): Promise<void>
  /**
   * Offers every model over this one's base, by one message however many they are: adapters of those that are asked for
   * are fetched and opened then.
   */
  offerAll(request: { model: Hex; inputPrice?: bigint; outputPrice?: bigint }): Promise<{ base: string }>
  withdrawAll(model: Hex): Promise<{ base: string; served: boolean }>
  /** Bases of which this node offers every model. */
  wholeBases(): readonly WholeBase[]
  /** Everybody's offers that stand now. */
  offers(model?: Hex): readonly OfferView[]

  /**
   * Asks over the network and pays for what comes. Ends with a `done` event; cancelling by the signal ends it with
   * `finish: 'cancelled'`.
   * @throws NotFoundError `model.unknown`, `offer.none` · InvalidError `ask.price`, `ask.long` · TilthError
   * `ask.unreachable` when no worker is there, `ask.failed` when none could finish (cause: the last one's code)
   */
  ask(request: AskRequest): AsyncIterable<AskEvent>

  /**
   * Receipts with both signatures that this node holds, as client or worker, in the order in which they came, until
   * they are released.
   */
  receipts(options?: ReceiptsAfter): Promise<readonly NumberedReceipt[]>
  receipt(id: Hex): Promise<CosignedReceipt | undefined>
  /** What was asked and answered, while this node keeps it. */
  opening(id: Hex): Promise<Opening | undefined>
  /**
   * Says an answer again by the model that was offered, and others of the same worker and model that are kept here.
   * @throws NotFoundError `opening.unknown`, `model.unknown` · as shelf.take and the engine
   */
  replay(id: Hex, signal?: AbortSignal): Promise<ReplayView>
  /**
   * Counts, over restarts, that somebody is shown it, among so many at most. @returns whether there was room
   */
  show(id: Hex, to: Address, most: number): Promise<boolean>
  /** Receipts of which it is kept. */
  openings(): AsyncIterable<Hex>
  /** It is not needed any more: gone from the disk when this resolves. */
  forget(receipts: readonly Hex[]): Promise<void>
  /** Lets go of receipts that a later phase has archived; of one whose opening is kept, when that is forgotten. */
  release(ids: Iterable<Hex>): Promise<void>
  /** Worker: what it answered within the last hour, and how many more answers it could begin at once. */
  activity(): ActivityView & { readonly free: number }
  /** Answers that are coming now, to this node or from it. */
  underway(): readonly AnswerUnderway[]
  /** Worker: what it has to do now. */
  queue(): AnswerQueue
  /**
   * Those that pay this node, then those that it pays by; what was closed until a month after its end, unless left out.
   */
  channels(page?: PageRequest & { closed?: boolean }): Promise<Page<ChannelView>>
  /**
   * Client: takes the next step of closing a channel by hand. Asks the chain to close it, or once its window or its
   * time is over takes back what is left; in between nothing is to be done, and `transaction` is null. Worker: claims
   * what the channel owes and ends it at once.
   * @throws NotFoundError `close.unknown` · InvalidError `close.over`, `close.busy` while an answer comes over it ·
   * as the chain
   */
  closeChannel(id: Hex): Promise<{ channel: ChannelView; transaction: Hex | null }>
  /** Worker: what clients have promised and nobody has claimed yet. */
  owed(): Promise<bigint>
  /** Client: over the channels that are not closed, what was paid in, promised by vouchers and claimed. */
  deposits(): Promise<{ deposited: bigint; promised: bigint; claimed: bigint }>
  /**
   * Worker: brings every voucher that is worth more than what was claimed to the chain. `closing`: only those for
   * models of this Datanet, and only what is worth the gas.
   */
  redeem(options?: { closing: Hex }): Promise<{ channels: number; amount: bigint }>
  /**
   * Client: gets what receipts workers still owe it a look at, e.g. after a restart. Resolves with how many were
   * signed.
   */
  reconcile(): Promise<number>
}
