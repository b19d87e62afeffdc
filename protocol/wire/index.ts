export * from './limits.ts'
export * from './codes.ts'
export * from './frame.ts'
export * from './envelope.ts'
