/** Models before one is chosen, and what stands behind an answer. */
export { answerHandlers } from './answers.ts'
export { bazaarHandlers } from './models.ts'
