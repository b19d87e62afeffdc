export { Beside } from './beside.tsx'
export { differences } from './differences.ts'
export { RowText, Words } from './row-text.tsx'
export type { Messages } from './row-text.tsx'
