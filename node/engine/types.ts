/**
 * What the rest of Tilth knows of the engine. The main thread holds an `Engine`; the work is done in a worker thread,
 * because a session of ONNX Runtime blocks the thread that runs it.
 */

/** One training sequence. `labels[t]` is the token that position t−1 must predict; −100 is not trained on. */
export interface TrainRow {
  readonly ids: Int32Array | number[]
  readonly labels: Int32Array | number[]
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

export interface TrainSettings {
  readonly lora: LoraSettings
  readonly method: 'lora' | 'qlora'
  readonly epochs: number
  /** Rows in one forward pass. */
  readonly batch: number
  /** Forward passes per optimizer step. */
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
}

export interface TuneResult {
  /** Mean loss of each optimizer step, before the step. */
  readonly losses: number[]
  readonly seconds: number
  /** Tokens that went through the model, without padding. */
  readonly tokens: number
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
}

export interface GeneratedToken {
  readonly id: number
  /** May be '' while a character is incomplete. */
  readonly text: string
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
}

export interface ModelInfo {
  readonly folder: string
  readonly architecture: string
  readonly parameters: number
  readonly layers: number
  readonly hidden: number
  readonly vocabulary: number
  readonly context: number
}

export interface TuneJob {
  readonly model: string
  readonly rows: readonly Row[]
  readonly settings: TrainSettings
  /** PEFT folder to write. */
  readonly output: string
  /** File that makes the job resumable: kept up to date while training, removed at the end. */
  readonly checkpoint?: string
  readonly signal?: AbortSignal
  onProgress?(progress: TrainProgress): void
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
  /** Answer tokens that were already produced, here or elsewhere; generation goes on after them. */
  readonly resumeIds?: readonly number[]
  readonly settings: GenerateSettings
  readonly signal?: AbortSignal
}

export interface ScoreJob {
  readonly model: string
  /** PEFT folders; null = the base model alone. */
  readonly adapters: readonly (string | null)[]
  readonly messages: readonly ChatMessage[]
  readonly answerIds: readonly number[]
}

/** Many answers under the same adapters: they share passes, which is several times faster than one by one. */
export interface ScoreManyJob {
  readonly model: string
  readonly adapters: readonly (string | null)[]
  readonly answers: readonly { readonly messages: readonly ChatMessage[]; readonly answerIds: readonly number[] }[]
}

/** A row as token ids: what is given, and the last message as a model would produce it, end token included. */
export interface EncodedRow {
  readonly prompt: number[]
  readonly answer: number[]
}

export interface HeldOutJob {
  readonly model: string
  readonly adapter?: string
  readonly rows: readonly Row[]
}

export interface Engine {
  /** Loads tokenizer and weights once; later calls with the same folder are free. */
  open(modelFolder: string): Promise<ModelInfo>
  tune(job: TuneJob): Promise<TuneResult>
  tuneSiblings(job: SiblingsJob): Promise<TuneResult[]>
  generate(job: GenerateJob): Generation
  /** Mean probability of the answer's tokens, teacher-forced, per adapter. */
  score(job: ScoreJob): Promise<number[]>
  /** scores[answer][adapter], as `score`. */
  scoreMany(job: ScoreManyJob): Promise<number[][]>
  encode(modelFolder: string, row: Row): Promise<EncodedRow>
  decode(modelFolder: string, ids: readonly number[]): Promise<string>
  /** Mean loss per answer token over the rows. */
  heldOutLoss(job: HeldOutJob): Promise<number>
  close(): Promise<void>
}
