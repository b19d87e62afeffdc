export * from './generated/index.ts'
export * from './audits.ts'
export * from './ids.ts'
export * from './shares.ts'
