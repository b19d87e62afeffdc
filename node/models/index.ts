/**
 * The models phase of a node, in the order of the flow: models are registered (catalogue), offered (offers,
 * worker/serving), asked (client/ask, client/attempt), answered (worker/answer) and paid as tokens come, against
 * receipts that both sign (worker/accounts, client/wallet).
 */
export * from './types.ts'
export { defaultPolicy, defaultTiming } from './deps.ts'
export type { ModelsDeps, ModelsPolicy, ModelsTiming, ServePolicy } from './deps.ts'
export { folderSpeech } from './speech.ts'
export type { Speech, SpeechSource } from './speech.ts'
export { foundOutBy, lastFoundOut } from './client/standing.ts'
export { saidAgain } from './said-again.ts'
export { createModelsService } from './service.ts'
