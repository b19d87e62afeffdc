export * from './generated/index.ts'
export * from './ids.ts'
export * from './shares.ts'
