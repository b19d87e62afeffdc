export type * from './codes.ts'
export * from './meant.ts'
export * from './pins.ts'
