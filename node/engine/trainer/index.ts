export type * from './types.ts'
export { createTrainer } from './trainer.ts'
