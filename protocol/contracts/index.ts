export * from './generated/index.ts'
export * from './ids.ts'
