export { isHalfMended, mendLevel, requireHead } from './mend.ts'
export type { Mended } from './mend.ts'
export { levelRoom } from './room.ts'
