export type { AnswerTraces } from './answers.ts'
export { startTraces } from './start.ts'
