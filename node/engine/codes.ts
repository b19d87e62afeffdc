/** What errors of this module are called; one that is not here does not compile. */
export type EngineErrorCode =
  | 'adapter-config'
  | 'adapter-mismatch'
  | 'adapter-missing'
  | 'adapter-target'
  | 'adapter-unsupported'
  | 'chat-template'
  | 'checkpoint-mismatch'
  | 'engine-cancelled'
  | 'engine-closed'
  | 'engine-crashed'
  | 'engine-failed'
  | 'engine-graph'
  | 'engine-memory'
  | 'engine-thread'
  | 'examples-invalid'
  | 'generate-settings'
  | 'logits-invalid'
  | 'merge-output'
  | 'model-config'
  | 'model-unsupported'
  | 'precision-unavailable'
  | 'prompt-empty'
  | 'prompt-long'
  | 'prompt-token'
  | 'provider-unavailable'
  | 'row-answer'
  | 'row-empty'
  | 'row-tokens'
  | 'row-labels'
  | 'tokenizer-invalid'
  | 'tokenizer-missing'
  | 'tune-empty'
  | 'tune-settings'
  | 'weights-invalid'
  | 'weights-mismatch'
  | 'weights-missing'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/engine': EngineErrorCode
  }
}
