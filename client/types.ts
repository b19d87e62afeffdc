// What whoever uses the library sees. It imports nothing, so that these are its published types as they stand.

export type Hex = `0x${string}`
/** An account: 20 bytes, in lower case. */
export type Address = `0x${string}`

/** Of a network's `network.json`, what a light peer needs; more may stand there. */
export interface NetworkDescription {
  readonly chain: {
    /** Unless `connect` is given another. */
    readonly rpc?: string | undefined
    /** An RPC that answers pages of every origin, where `rpc` does not. */
    readonly pageRpc?: string | undefined
    readonly chainId: number
    /** By name: token, registry, models, channels, serving where findings of scorers count; others may be there. */
    readonly contracts: Readonly<Record<string, unknown>>
  }
  /** Multiaddrs of nodes, each with its PeerId. A light peer takes those that it can dial. */
  readonly bootstrap?: readonly string[] | undefined
}

/** What was promised and signed, so that it outlives a page or a process. One account has it open once at a time. */
export interface Storage {
  /** @param name of account and network @throws TilthError `client.in-use`, `client.storage` */
  open(name: string): Promise<Rows>
}

/** Texts by their keys. */
export interface Rows {
  all(): Promise<Iterable<readonly [key: string, text: string]>>
  /** All or nothing, and on disk when it resolves; null deletes. */
  write(changes: readonly (readonly [key: string, text: string | null])[]): Promise<void>
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly network: NetworkDescription
  /** The key of the account that pays, 32 bytes; it is also this peer's name in the network. */
  readonly wallet: { readonly privateKey: Hex | Uint8Array }
  /**
   * Where what was signed is kept. If it is lost, deposits come back only where each channel is closed by its id, which
   * the chain's events tell (`closeChannel`).
   */
  readonly storage: Storage
  /** Multiaddrs to begin with, before those of the network. */
  readonly peers?: readonly string[]
  /** The chain's RPC, if not the network's. What it says of the chain is believed. */
  readonly rpc?: string
  /** In the token's smallest unit. What would exceed them is refused before anything is signed. */
  readonly limits?: { readonly perAsk?: bigint; readonly perDay?: bigint }
  /** Blocks on a channel's block before it is used; 1 on a development chain and 12 on any other. */
  readonly confirmations?: number
  /** Milliseconds for which a worker may say nothing, before it accepts, between tokens and after them: 30 000. */
  readonly patience?: number
  readonly log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts: object) => void
}

/** A worker's signed offer and the model it is for. Prices are per token, in the token's smallest unit. */
export interface Offer {
  readonly model: Hex
  readonly name: string
  readonly datanet: Hex
  readonly builder: Address
  readonly licence: string | undefined
  readonly worker: Address
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Answers that it takes on now, and tokens a second, by its own word. */
  readonly capacity: number
  readonly tokensPerSecond: number
  /** Seconds since 1970. */
  readonly expires: number
  /** Where it is and what weights it answers from, by its owner's word; undefined where nothing is said. */
  readonly region: string | undefined
  readonly weights: string | undefined
  /** It is for every model over its base, this one among them: it is fetched when it is asked. */
  readonly all: boolean
}

export interface OffersQuery {
  readonly model?: Hex
  /** All of this name, whoever registered them: names are anybody's, so what is asked is an id. '' is none. */
  readonly name?: string
  readonly datanet?: Hex
  readonly signal?: AbortSignal
}

export interface AskRequest {
  /** A model's id: names are anybody's, and spend no money. */
  readonly model: Hex
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[]
  /** 128 unless given. */
  readonly maxTokens?: number
  /** Most that the answer may cost; `limits.perAsk` unless given, and one of them has to be. */
  readonly maxFee?: bigint
  /** 0 is greedy, which it is unless given. */
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  /** Nobody but the worker ever sees it. */
  readonly private?: boolean
  /**
   * A second worker is asked where the first has no token after so long; the slower one is cancelled and paid for what
   * it gave. A private question has two readers then, so it goes to one unless this says otherwise.
   */
  readonly hedge?: { readonly afterMs: number; readonly private?: boolean }
  /** Workers that may be asked, or may not, by the beginning of their addresses, and what decides among them. */
  readonly route?: {
    readonly only?: readonly string[]
    readonly ignore?: readonly string[]
    readonly sort?: 'balanced' | 'price' | 'speed'
    /** Only those that say they are there (`DE`, `europe`), or that they answer from such weights. */
    readonly regions?: readonly string[]
    readonly weights?: readonly string[]
    readonly leastBits?: number
  }
  readonly signal?: AbortSignal
}

/** A receipt that both have signed: anybody can check it (`checkReceipt`). */
export interface Receipt {
  readonly id: Hex
  readonly channel: Hex
  readonly model: Hex
  readonly client: Address
  readonly worker: Address
  readonly inputTokens: number
  readonly outputTokens: number
  readonly fee: bigint
  /** What all receipts of its channel come to with it. */
  readonly total: bigint
  readonly sequence: bigint
  readonly finishedAt: number
  /** The statement as it was signed, with both signatures, as JSON: wide numbers as decimal text. */
  readonly signed: unknown
}

export interface AnswerResult {
  readonly text: string
  readonly ids: readonly number[]
  readonly finish: 'stop' | 'length' | 'cancelled'
  readonly inputTokens: number
  readonly outputTokens: number
  readonly fee: bigint
  /** Of each worker that had a part in it and signed. */
  readonly receipts: readonly Receipt[]
}

/** Text as it comes. It comes whether it is read or not; leaving the loop ends it. */
export interface Answer extends AsyncIterable<string> {
  /** The whole of it, once it is there. */
  readonly result: Promise<AnswerResult>
  /** The last worker's; undefined where none was signed: it is asked for again at the next start. */
  readonly receipt: Promise<Receipt | undefined>
  /** No more of it; what came is paid. */
  stop(): void
}

export interface Channel {
  readonly id: Hex
  readonly worker: Address
  readonly model: Hex
  readonly state: 'open' | 'closing' | 'disputed' | 'closed'
  readonly deposit: bigint
  /** What vouchers have promised, and what receipts come to. */
  readonly paid: bigint
  readonly settled: bigint
  /** Why it is disputed. */
  readonly code?: string
  /** Seconds since 1970: when what is left can be taken back; 0 while nobody asked to close it. */
  readonly closesAt: number
  readonly expiry: number
}

export interface Balance {
  readonly tokens: bigint
  /** The chain's own coin, in wei: gas is paid with it. */
  readonly gas: bigint
  /** In open channels, and what of that vouchers have promised. */
  readonly deposited: bigint
  readonly promised: bigint
}

export interface Tilth {
  readonly account: Address
  /** Nodes that are connected now, by their PeerIds. */
  peers(): readonly string[]
  /** What stands now, as the peers that are connected have heard it, each checked; the cheapest answers first. */
  offers(query?: OffersQuery): AsyncIterable<Offer>
  /**
   * Asks over the network, and pays for what comes.
   * @throws TilthError `ask.unbounded`, `ask.invalid`; what fails later is thrown by the answer
   */
  ask(request: AskRequest): Answer
  balance(): Promise<Balance>
  /** The last 1,000. */
  receipts(): Promise<readonly Receipt[]>
  channels(): Promise<readonly Channel[]>
  /**
   * The next step of closing one: asks the chain to close it, or takes back what is left. It may be one of this account
   * of which nothing is kept here any more. @returns its transaction
   */
  closeChannel(id: Hex): Promise<Hex | null>
  /** Sends tokens or the chain's coin: back to who funded this account, for one. */
  send(to: Address, amount: { readonly tokens?: bigint; readonly gas?: bigint }): Promise<void>
  /** What is on its way ends; what was signed is kept. */
  close(): Promise<void>
}

/** Every error of the library: a code that stays, what happened, and what to do. */
export interface TilthErrorShape extends Error {
  readonly code: string
  readonly help: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

/** @throws TilthError `client.*`, `chain.*` */
export type Connect = (options: ConnectOptions) => Promise<Tilth>

/**
 * What anybody can see of a receipt's `signed` form: that both have signed it, for this network, and what it says.
 * @throws TilthError `receipt.form`, `receipt.total`, `signature.mismatch`
 */
export type CheckReceipt = (
  signed: unknown,
  network: { readonly chainId: number; readonly registry: Address }
) => Receipt

/**
 * What somebody's wallet (EIP-1193, `eth_sendTransaction`) has to send so that an account of this library can pay: a
 * wallet would ask its owner at every voucher, so it funds a key of the page and signs nothing itself.
 */
export type FundingCalls = (
  network: NetworkDescription,
  account: Address,
  amount: { readonly tokens?: bigint; readonly gas?: bigint }
) => readonly { readonly to: Address; readonly data: Hex; readonly value: bigint }[]
