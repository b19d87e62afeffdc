/**
 * What the rest of Tilth knows of the engine. The main thread holds an `Engine`; the work is done in a worker thread,
 * because a session of ONNX Runtime blocks the thread that runs it.
 */

/** One training sequence. `labels[t]` is the token that position t−1 must predict; −100 is not trained on. */
export interface TrainRow {
  readonly ids: Int32Array | number[]
  readonly labels: Int32Array | number[]
  /** Why nothing of it can be trained on; it has no ids then. */
  readonly fault?: RowFault
}

/**
 * Why a row is set aside: within the cut-off stands nothing of its last answer, the model's chat template refuses it or
 * does not show its last answer, or the model's tokens do not say its text.
 */
export const rowFaults = ['too-long', 'template-refuses', 'answer-lost', 'no-tokens'] as const
export type RowFault = (typeof rowFaults)[number]

/** A row of a job that was not trained on, by its index. */
export interface SetAside {
  readonly row: number
  readonly code: RowFault
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** A row of text; a prompt/response row is a user message and an assistant message. */
export interface Row {
  readonly messages: readonly ChatMessage[]
}

export interface LoraSettings {
  readonly rank: number
  readonly alpha: number
  /** Projection names: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj. */
  readonly targets: readonly string[]
  readonly dropout: number
  /** Scale by alpha / √rank instead of alpha / rank (rank-stabilised LoRA, Kalajdzievski 2023). */
  readonly rslora?: boolean
}

/**
 * Evaluation while training. Each adapter of a run has its own: where siblings are trained, each keeps back its share
 * of its
 * own rows, and stops by itself, as if it were alone.
 */
export interface EvaluationSettings {
  /** Share of the rows that is kept back from training, drawn from the seed; at least one row on either side. */
  readonly share?: number
  /** Rows to evaluate on instead, beside those trained on. */
  readonly rows?: readonly Row[]
  /** Optimizer steps from one evaluation to the next; one more follows the last step. */
  readonly everySteps: number
  /**
   * Early stopping: training ends after this many evaluations in a row that were not better than the best, and the
   * adapter
   * kept is the one that was best. 0 or left out: every step is taken, and the last adapter is kept.
   */
  readonly patience?: number
}

export interface TrainSettings {
  /** Of the methods lora and qlora. */
  readonly lora?: LoraSettings
  /** full: the weights of every projection themselves, from the base's on. */
  readonly method: 'lora' | 'qlora' | 'full'
  /** QLoRA: quantise the block maxima as well, 0.516 instead of 0.5625 bytes a weight. */
  readonly doubleQuantization?: boolean
  readonly epochs: number
  /**
   * An optimizer step takes batch · accumulation rows. How they go through the model follows from their lengths: short
   * and
   * long ones apart, several short ones packed into a sequence, each seeing itself alone. The result is that of one
   * pass.
   */
  readonly batch: number
  readonly accumulation: number
  readonly lr: number
  readonly schedule: 'cosine' | 'constant' | 'linear'
  readonly warmupRatio: number
  readonly weightDecay: number
  /** Largest global gradient norm; 0 = off. */
  readonly clip: number
  readonly seed: number
  /** Longest sequence in tokens; longer rows are cut. */
  readonly cutoff: number
  /** Decay of the exponential moving average that is kept as the adapter; 0 = off. */
  readonly ema: number
  readonly responseOnly: boolean
  /** Gradient checkpointing by layer: memory for one layer at a time, a third more work. */
  readonly checkpointing?: boolean
  /** Optimizer steps instead of epochs. */
  readonly steps?: number
  /** false: rows in their order, step s taking rows (s · rows of a step + j) mod n. */
  readonly shuffle?: boolean
  /** Of AdamW: 0.9, 0.999 and 1e-8 where left out. */
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
  /** None where left out. */
  readonly evaluation?: EvaluationSettings
}

export interface TrainProgress {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly lr: number
  readonly tokensPerSecond: number
  readonly secondsLeft: number
  /** Which sibling, where several are trained. */
  readonly adapter?: number
  /**
   * Loss per labelled token on the rows kept back, where this step was followed by an evaluation; the mean of siblings.
   */
  readonly evalLoss?: number
}

export interface EvaluationResult {
  /** Optimizer steps that were done. */
  readonly step: number
  /** Mean loss per labelled token of the rows kept back. */
  readonly loss: number
}

export interface TuneResult {
  /** Mean loss of each optimizer step, before the step. */
  readonly losses: number[]
  readonly seconds: number
  /** Tokens that were trained on, without padding. */
  readonly tokens: number
  /** Where rows were kept back: every evaluation, in order. */
  readonly evaluations?: EvaluationResult[]
  /** With early stopping: the step whose adapter was kept. */
  readonly bestStep?: number
  /** Rows of the job that no adapter was trained on. */
  readonly setAside?: readonly SetAside[]
}

export interface GenerateSettings {
  readonly maxTokens: number
  /** 0 = greedy. */
  readonly temperature: number
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
  readonly repetitionPenalty?: number
  readonly seed: number
  readonly stop?: readonly string[]
  /** What the answer has to be (`protocol/form`): tokens that it cannot have are left out before one is chosen. */
  readonly form?: string
  /** Give each token's log-probability, and those of this many likeliest tokens; 0 = the chosen token's alone. */
  readonly logprobs?: number
}

/** Natural logarithm of the probability that the model itself gives a token: before temperature, penalty and limits. */
export interface TokenChance {
  readonly id: number
  readonly logprob: number
  /** Bytes that it stands for; none for a special token. */
  readonly bytes?: readonly number[]
}

/** What a token that was given elsewhere says of the weights it comes from (`serve/sampling.ts`). */
export interface ReplayedToken {
  /** How far it lies behind the one that is chosen here; 0 where it is that one. Times the temperature 100 at most. */
  readonly lag: number
  /**
   * Under temperature and limits, in natural logarithms: how unlikely it is, how unlikely one that is drawn is on
   * average, and the variance of that; and how likely two that are drawn are two. All are 0 where the answer is greedy.
   */
  readonly surprise: number
  readonly expected: number
  readonly variance: number
  readonly apart: number
}

export interface GeneratedToken {
  readonly id: number
  /** May be '' while a character is incomplete. */
  readonly text: string
  readonly replayed?: ReplayedToken
  /** Where `logprobs` was asked for: the token's own, and the likeliest tokens', most likely first. */
  readonly logprob?: number
  readonly bytes?: readonly number[]
  readonly top?: readonly TokenChance[]
}

export interface GenerateResult {
  readonly promptTokens: number
  readonly ids: number[]
  readonly text: string
  readonly finish: 'stop' | 'length' | 'cancelled'
}

/** Iterate for the tokens; `result` settles when the iteration ends. */
export interface Generation extends AsyncIterable<GeneratedToken> {
  readonly result: Promise<GenerateResult>
  /** The same tokens, those together that are there together; left away where each comes by itself. */
  readonly groups?: () => AsyncIterable<readonly GeneratedToken[]>
}

export interface ModelInfo {
  readonly folder: string
  readonly architecture: string
  readonly parameters: number
  readonly layers: number
  readonly hidden: number
  readonly vocabulary: number
  readonly context: number
  /** The weights that answers come from on this machine, where it is opened to answer. */
  readonly served?: 'float32' | 'float16' | 'int8' | 'int4'
}

/** Bytes of memory, estimated from the shapes. */
export interface MemoryEstimate {
  readonly serve: number
  readonly serveInt4: number
  readonly tuneLora: number
  readonly tuneQlora: number
  readonly tuneFull: number
}

/** What a model folder holds and takes, by its headers alone. */
export interface ModelNeeds extends Omit<ModelInfo, 'folder' | 'served'> {
  readonly storedAs: string
  readonly memory: MemoryEstimate
  /** Whether this machine's memory is as much as that. */
  readonly fits: { readonly [K in keyof MemoryEstimate]: boolean }
}

export interface TuneJob {
  readonly model: string
  readonly rows: readonly Row[]
  readonly settings: TrainSettings
  /** PEFT folder of an adapter to go on from; its rank, alpha and projections take the place of the settings'. Of
   * full training, the difference to go on from. */
  readonly adapter?: string
  /** PEFT folder to write. */
  readonly output: string
  /** Where each adapter stands after each of its segments (`protocol/jobs/segments.ts`) is written there. */
  readonly states?: KeptStates
  /** File that makes the job resumable: kept up to date while training, removed at the end. */
  readonly checkpoint?: string
  readonly signal?: AbortSignal
  onProgress?(progress: TrainProgress): void
}

/** Where states of a training are kept: files by adapter and step, `stateFile`. */
export interface KeptStates {
  readonly folder: string
}

/** Some steps of one adapter's training, to be run again from where somebody says that it stood. */
export interface PartJob extends Omit<TuneJob, 'output' | 'checkpoint'> {
  /** Steps done before, and after. */
  readonly from: number
  readonly to: number
  /** File of the state before; none at the very beginning. */
  readonly begin?: string
  /** File of the state that is said to follow; none where no step is done, and so none follows. */
  readonly end?: string
  /** File of the last state of the whole training, none without steps; and the folder that was delivered for it. */
  readonly last?: { readonly state?: string; readonly delivered: string }
}
export interface PartResult {
  /** Of the whole training, by rows and settings. */
  readonly steps: number
  /** How far the given end is from the one found, as a part of the way; infinite where it is no such state. */
  readonly distance: number
  /** Whether the delivered weights are those of the last state, to the bit. */
  readonly delivered?: boolean
}

export interface SiblingsJob extends Omit<TuneJob, 'output'> {
  /** Row indices of each sibling. */
  readonly coalitions: readonly (readonly number[])[]
  /** One PEFT folder per sibling. */
  readonly output: readonly string[]
}

export interface GenerateJob {
  readonly model: string
  /** PEFT folder. */
  readonly adapter?: string
  readonly messages?: readonly ChatMessage[]
  /** Raw text instead of messages. */
  readonly prompt?: string
  /** What messages or prompt are in tokens, where that is known: then they are not read again. */
  readonly promptIds?: readonly number[]
  /** Days since 1970 in UTC that templates are told; a fixed one where left out. */
  readonly day?: number
  /** Answer tokens that were already produced, here or elsewhere; generation goes on after them. */
  readonly resumeIds?: readonly number[]
  /**
   * The rest of an answer that was given elsewhere: nothing is chosen, each of these tokens is taken, and how far it
   * lies behind what would have been chosen is said with it (`replayed`).
   */
  readonly replayIds?: readonly number[]
  readonly settings: GenerateSettings
  /** From float32 weights, as scores are, whatever answers come from: other machines find the same. */
  readonly exact?: boolean
  /** From 8-bit weights, as most nodes serve, whatever answers come from here. */
  readonly eightBits?: boolean
  readonly signal?: AbortSignal
}

export interface ScoreJob {
  readonly model: string
  /** PEFT folders; null = the base model alone. */
  readonly adapters: readonly (string | null)[]
  readonly messages: readonly ChatMessage[]
  readonly answerIds: readonly number[]
  /** As GenerateJob's. */
  readonly day?: number
}

/** Many answers of one day under the same adapters: they share passes, several times faster than one by one. */
export interface ScoreManyJob {
  readonly model: string
  readonly adapters: readonly (string | null)[]
  readonly answers: readonly { readonly messages: readonly ChatMessage[]; readonly answerIds: readonly number[] }[]
  readonly day?: number
}

/** A row as token ids: what is given, and the last message as a model would produce it, end token included. */
export interface EncodedRow {
  readonly prompt: number[]
  readonly answer: number[]
  /** Why it could not be read; it has no tokens then. */
  readonly fault?: RowFault
}

export interface HeldOutJob {
  readonly model: string
  readonly adapter?: string
  readonly rows: readonly Row[]
  /** Rows are cut at so many tokens, and at what the model takes; one without an answer then is left out. */
  readonly cutoff?: number
}

/** What the engine's serving thread holds in memory. */
export interface EngineStatus {
  readonly models: number
  /** Adapters that are loaded; those used longest ago make room for others. */
  readonly adapters: number
  readonly mostAdapters: number
}

/** The text of an answer from its tokens, as they come. */
export interface AnswerText {
  /** Text that is certain with these. */
  push(ids: readonly number[]): Promise<string>
  /** What was held back, at the end. */
  finish(): Promise<string>
  /** A stop string was met; what follows it is dropped. */
  readonly stopped: boolean
}

/**
 * Texts and tokens of models, by their folders. Templates and tokenizers are strangers' programs and run where they can
 * be ended, each model's apart.
 * @throws as its methods are called: TilthError `chat-template`, `tokenizer-…`, `sandbox.…`
 */
export interface TextReader {
  /** Reads the model's tokenizer and template, so that the first prompt does not wait for it. */
  open(folder: string): Promise<void>
  encode(folder: string, text: string): Promise<number[]>
  /** Tokens that end an answer. */
  endIds(folder: string): Promise<readonly number[]>
  /** Tokens as text that encodes to them again: special ones as they are written. */
  written(folder: string, ids: readonly number[]): Promise<string>
  /** The bytes that tokens say; undefined for special ones, and for what is no token. */
  bytes(folder: string, ids: readonly number[]): Promise<(number[] | undefined)[]>
  /** The token that says these bytes: the first, where several do. */
  named(folder: string, said: readonly (readonly number[])[]): Promise<(number | undefined)[]>
  prompt(folder: string, messages: readonly ChatMessage[], day?: number): Promise<number[]>
  prompts(folder: string, conversations: readonly (readonly ChatMessage[])[], day?: number): Promise<number[][]>
  answers(folder: string, rows: readonly Row[]): Promise<EncodedRow[]>
  trainRows(
    folder: string,
    rows: readonly Row[],
    options: { readonly responseOnly: boolean; readonly cutoff: number }
  ): Promise<TrainRow[]>
  text(folder: string, stops: readonly string[]): AnswerText
  close(): void
}

export interface Engine {
  /** Texts and tokens of models. */
  readonly text: TextReader
  /** Loads tokenizer and weights once; later calls with the same folder are free. */
  open(modelFolder: string): Promise<ModelInfo>
  /** What a model folder holds and takes; its weights are not read. */
  inspect(modelFolder: string): Promise<ModelNeeds>
  tune(job: TuneJob): Promise<TuneResult>
  tuneSiblings(job: SiblingsJob): Promise<TuneResult[]>
  /** Runs a part of a training again, and says whether what was committed follows from it. */
  runPart(job: PartJob): Promise<PartResult>
  generate(job: GenerateJob): Generation
  /** How likely each of the answer's tokens was after those before it: [adapter][token]. */
  score(job: ScoreJob): Promise<number[][]>
  /** [answer][adapter][token], as `score`. */
  scoreMany(job: ScoreManyJob): Promise<number[][][]>
  encode(modelFolder: string, row: Row): Promise<EncodedRow>
  decode(modelFolder: string, ids: readonly number[]): Promise<string>
  /**
   * Mean loss per answer token over the rows that the model can read.
   * @throws ModelError `row-empty` where it can read none
   */
  heldOutLoss(job: HeldOutJob): Promise<number>
  /**
   * Nothing is to be done with a model or an adapter for now: what of it is in memory goes, once what runs has ended.
   * Asked for again it is loaded again.
   */
  unload(folder: string): Promise<void>
  status(): Promise<EngineStatus>
  close(): Promise<void>
}
