import type { GenerateJob, Generation } from '../types.ts'

// A backend is a server of the node's owner that answers in place of the node's own engine: vLLM on a rack, llama.cpp
// beside it. It is asked for tokens; what they cost, who is paid and whom the answer owes stays with the node.

export const backendKinds = ['vllm', 'llama.cpp', 'ollama', 'openai'] as const
export type BackendKind = (typeof backendKinds)[number]

/** What its owner says of a server. */
export interface BackendOptions {
  readonly name: string
  /** Without `/v1`. */
  readonly url: string
  /** `auto`: the server is asked what it is. */
  readonly kind: BackendKind | 'auto'
  /** CID of the base model that it holds. */
  readonly base: string
  /** What it calls the base; its first model unless given. */
  readonly model?: string | undefined
  /** The weights that it holds, by its owner's word: no server tells. */
  readonly weights?: Answerer['weights']
  /** What it calls an adapter, or a model that one was merged into, by the adapter's CID. */
  readonly names: Readonly<Record<string, string>>
  /** Where it sees this node's folder of models, if elsewhere than this node does. */
  readonly folder?: string | undefined
  /** Answers at once. */
  readonly concurrency: number
  /** Longest wait for the next token. */
  readonly silenceMs: number
  /** How far its log-probabilities may be from this node's own, in nats, on average. */
  readonly tolerance: number
  /** Reads the key anew, so that it may change; undefined: it asks for none. */
  readonly key: () => Promise<string | undefined>
}

/** What a kind of server can do. */
export interface BackendCan {
  /** It takes prompts as tokens; else they are sent as text. */
  readonly promptIds: boolean
  /** It says which tokens it gave; else they are told from their bytes. */
  readonly tokenIds: boolean
  /** Likeliest tokens beside each, at most; 0: those of the chosen alone; undefined: it tells no log-probabilities. */
  readonly logprobs: number | undefined
  /** How an adapter comes to it: while it runs, with its start, or as a model of its own name. */
  readonly adapters: 'loaded' | 'started' | 'named'
}

/** A model's folders on this disk, and what they are called on the network. */
export interface BackendModel {
  readonly base: { readonly cid: string; readonly folder: string }
  readonly adapter?: { readonly cid: string; readonly folder: string } | undefined
}

/** How a server's answers stand to those of the node's own engine, from float32 weights. */
export interface Agreement {
  /** Prompts that are cut into the same tokens. */
  readonly tokens: { readonly same: number; readonly of: number }
  /** Greedy answer tokens; undefined where the node could not answer itself, and `why`. */
  readonly answers?: {
    readonly same: number
    readonly of: number
    /** Mean and largest difference of log-probabilities, in nats; undefined where the server tells none. */
    readonly mean?: number | undefined
    readonly largest?: number | undefined
  }
  readonly why?: string
}

export type BackendState = 'new' | 'checking' | 'ready' | 'away' | 'refused'

export interface BackendStatus {
  readonly name: string
  /** Without anything that could be secret. */
  readonly url: string
  readonly base: string
  readonly kind: BackendKind | undefined
  readonly state: BackendState
  /** Why it is away or refused, in words for its owner. */
  readonly error?: { readonly code: string; readonly message: string; readonly help?: string | undefined } | undefined
  readonly can: BackendCan | undefined
  /** What the server calls the base, and the longest prompt with its answer that it takes. */
  readonly model: string | undefined
  readonly context: number | undefined
  readonly concurrency: number
  readonly running: number
  readonly answers: number
  readonly tokens: number
  readonly failures: number
  /** What was checked, by the CID of the adapter; '' is the base alone. */
  readonly checked: readonly { readonly adapter: string; readonly at: number; readonly agreement: Agreement }[]
}

/** What answers for a model, as the node's own engine does. */
export interface Answerer {
  /** What it is called where an owner reads it. */
  readonly name: string
  /** The weights that it answers from; undefined where nobody says. */
  readonly weights?: 'float32' | 'bfloat16' | 'float16' | 'int8' | 'int4' | undefined
  /** Why it takes on no answers now. */
  away(): Error | undefined
  generate(job: GenerateJob): Generation
  /** The model is not asked any more; answers under way go on. */
  close(): void
}

export interface Backends {
  /** Whether a server is named for the base. */
  has(base: string): boolean
  /**
   * Makes the server ready for a model: it is there, knows the model, and says what this node's own engine would say.
   * Unless it does, the model is not to be served by it.
   * @throws TilthError `backend-…`
   */
  open(model: BackendModel, signal?: AbortSignal): Promise<Answerer>
  status(): readonly BackendStatus[]
  /** Looks at a server again, and at all that it serves. @throws NotFoundError `backend-model` */
  check(name: string): Promise<BackendStatus>
  stop(): void
}
