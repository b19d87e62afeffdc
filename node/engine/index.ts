/**
 * The engine: models as they are published, trained and run on ONNX Runtime, in TypeScript. In the order of the flow:
 * a graph is built (models), differentiated and emitted (graph), fed with weights (weights), trained (train).
 */
export * from './types.ts'
export { GraphError, ModelError } from './graph/errors.ts'
export { llamaConfig, loadModel, parameterCount, parseConfig, readConfig, type LoadedModel, type ModelConfig } from './models/index.ts'
export { trainFull, writeConfig, type EvaluationModel, type FullTrainJob, type FullTrainResult } from './train/full.ts'
export { Random } from './weights/random.ts'
