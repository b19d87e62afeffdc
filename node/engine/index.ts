/**
 * The engine: models as they are published, trained and run on ONNX Runtime, in TypeScript. In the order of the flow:
 * a graph is built from a model's description (architecture), adapted (adapters), differentiated and emitted (graph),
 * fed with
 * weights (weights) and text (text), trained (train) or served (serve), in a thread of its own (host) or from the
 * command line (commands).
 */
export * from './types.ts'
export { GraphError, ModelError, CancelledError } from './graph/errors.ts'
export {
  llamaConfig,
  loadModel,
  parameterCount,
  parseConfig,
  readConfig,
  type LoadedModel,
  type ModelConfig,
  type Quantization
} from './architecture/index.ts'
export { readAdapter, writeAdapter, type Adapter } from './adapters/index.ts'
export { Chat, TextStream, Tokenizer } from './text/index.ts'
export { exportGguf, importGguf, writtenTypes, type GgufExport, type WrittenType } from './gguf/index.ts'
export { trainFull, writeConfig, type EvaluationModel, type FullTrainJob, type FullTrainResult } from './train/full.ts'
export { Random } from './weights/random.ts'
export * from './commands/index.ts'
export {
  bench,
  parts as benchParts,
  shapes as benchShapes,
  type BenchRequest,
  type BenchResult
} from './bench/index.ts'
export {
  precisions,
  providerRequests,
  providers,
  type Precision,
  type Provider,
  type ProviderRequest
} from './graph/provider.ts'
export {
  chooseProvider,
  detect,
  resolveRuntime,
  surveyProviders,
  ProviderError,
  type Finding,
  type RuntimeRequest
} from './providers/index.ts'
export { openEngine, EngineError, type EngineOptions } from './host/index.ts'
